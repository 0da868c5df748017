// Let the compiler compare the options of each panel with the types that Grafana generates from its schema.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { relative } from 'node:path';
import ts from 'typescript';

const [folder, into] = process.argv.slice(2);
const SCHEMAS = {
  bargauge: 'BarGauge',
  stat: 'Stat',
  'state-timeline': 'StateTimeline',
  table: 'Table',
  timeseries: 'TimeSeries',
};
// What has no options of its own for fields.
const FIELDLESS = ['bargauge', 'stat'];

/** Return a module in which each panel's options are written down as the types that they should have. */
function checkable(panels) {
  const imports = Object.entries(SCHEMAS).map(([type, name]) =>
    `import type * as ${name} from '@grafana/schema/dist/esm/raw/composable/${type.replace('-', '')}/panelcfg/x/${name}PanelCfg_types.gen';`);
  return `${imports.join('\n')}
import type { FieldConfig } from '@grafana/schema';
// As JSON has it: the values of enumerations as they are, and what is left out has a default.
type Written<T> = T extends string ? \`\${T}\` : T extends number | boolean | null ? T
  : T extends (infer U)[] ? Written<U>[] : T extends object ? { [K in keyof T]?: Written<T[K]> } : T;
${panels.flatMap(statementsOf).join('\n')}
`;
}

function statementsOf({ title, type, options, fieldConfig: { defaults, overrides } }) {
  const { custom, ...standard } = defaults;
  const own = [custom ?? {}, ...overrides.flatMap(({ properties }) => properties)
    .filter(({ id }) => id.startsWith('custom.')).map(({ id, value }) => ({ [id.replace('custom.', '')]: value }))];
  const fields = FIELDLESS.includes(type) ? 'Record<string, never>' : `Written<${SCHEMAS[type]}.FieldConfig>`;
  return [
    `// ${title}`,
    `{ const written: Written<${SCHEMAS[type]}.Options> = ${JSON.stringify(options)}; void written; }`,
    `{ const written: Written<FieldConfig> = ${JSON.stringify(standard)}; void written; }`,
    ...own.map((config) => `{ const written: ${fields} = ${JSON.stringify(config)}; void written; }`),
  ];
}

mkdirSync(into, { recursive: true });
const files = readdirSync(folder).map((name) => {
  const dashboard = JSON.parse(readFileSync(`${folder}/${name}`));
  const file = `${into}/${name.replace('.json', '.ts')}`;
  writeFileSync(file, checkable(dashboard.panels.flatMap((panel) => (panel.type === 'row' ? panel.panels ?? [] : [panel]))));
  return file;
});
const program = ts.createProgram(files, {
  module: ts.ModuleKind.ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler, noEmit: true, skipLibCheck: true,
  strict: true, target: ts.ScriptTarget.ESNext, types: [],
});
const wrong = ts.getPreEmitDiagnostics(program);
for (const { file, start, messageText } of wrong) {
  const line = file.getLineAndCharacterOfPosition(start).line;
  const before = file.text.split('\n').slice(0, line + 1).reverse().find((text) => text.startsWith('// '));
  console.log(`!!! ${relative(into, file.fileName)}: ${before}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`);
}
console.log(`${wrong.length} mistakes of types`);
process.exitCode = wrong.length ? 1 : 0;
