// A panel as Grafana's own transformations and field configuration make it from the answers of Prometheus.
import {
  applyFieldOverrides,
  cacheFieldDisplayNames,
  createTheme,
  displayNameOverrideProcessor,
  dataLinksOverrideProcessor,
  FieldConfigOptionsRegistry,
  FieldType,
  identityOverrideProcessor,
  numberOverrideProcessor,
  standardTransformers,
  standardTransformersRegistry,
  thresholdsOverrideProcessor,
  transformDataFrame,
  unitOverrideProcessor,
  valueMappingsOverrideProcessor,
} from '@grafana/data';
import { lastValueFrom } from 'rxjs';
import { framesOf } from './frames.js';

// Some have two names.
const TRANSFORMERS = [...new Map(Object.values(standardTransformers).map((transformer) => [transformer.id, transformer])).values()];
standardTransformersRegistry.setInit(() =>
  TRANSFORMERS.map((transformer) => {
    const { id, name } = transformer;
    return { id, name, transformation: async () => transformer };
  })
);
// Options without a default.
const OPTIONAL = { groupingToMatrix: ['emptyValue'] };
/** The options of each transformation that Grafana knows, by its id. */
export const TRANSFORMATIONS = Object.fromEntries(
  TRANSFORMERS.map(({ id, defaultOptions }) => [id, [...Object.keys(defaultOptions ?? {}), ...(OPTIONAL[id] ?? [])]])
);

// The options of every panel, and what makes them of what is written; Grafana has this list in a part that is not on npm.
const STANDARD = {
  color: identityOverrideProcessor,
  decimals: numberOverrideProcessor,
  displayName: displayNameOverrideProcessor,
  links: dataLinksOverrideProcessor,
  mappings: valueMappingsOverrideProcessor,
  max: numberOverrideProcessor,
  min: numberOverrideProcessor,
  noValue: displayNameOverrideProcessor,
  thresholds: thresholdsOverrideProcessor,
  unit: unitOverrideProcessor,
};
const ONLY_NUMBERS = ['decimals', 'max', 'min'];

/** Return all options that a panel and its overrides set. Whether those under `custom` exist is told by their types. */
function registryOf({ defaults, overrides }) {
  const registry = new FieldConfigOptionsRegistry();
  const set = overrides.flatMap(({ properties }) => properties.map(({ id }) => id));
  const custom = [...Object.keys(defaults.custom ?? {}).map((name) => `custom.${name}`), ...set]
    .filter((id) => id.startsWith('custom.'));
  for (const [id, process] of Object.entries(STANDARD)) {
    const shouldApply = (field) => !ONLY_NUMBERS.includes(id) || field.type === FieldType.number;
    registry.register({ id, path: id, name: id, process, shouldApply });
  }
  for (const id of new Set(custom)) {
    const path = id.replace('custom.', '');
    registry.register({ id, path, name: id, isCustom: true, process: identityOverrideProcessor, shouldApply: () => true });
  }
  return registry;
}

/** Return all panels of a dashboard but its rows, those of collapsed rows too. */
export function panelsOf({ panels }) {
  return panels.flatMap((panel) => (panel.type === 'row' ? panel.panels ?? [] : [panel]));
}

/** Return the panels of a dashboard with each row expanded. */
export function expanded({ panels }) {
  let moved = 0;
  return panels.flatMap((panel) => {
    const at = ({ gridPos, ...other }) => ({ ...other, gridPos: { ...gridPos, y: gridPos.y + moved } });
    if (!panel.collapsed) {
      return [at(panel)];
    }
    const shown = [at({ ...panel, panels: [] }), ...panel.panels.map(at)];
    moved += Math.max(0, ...panel.panels.map(({ gridPos: { y, h } }) => y + h - panel.gridPos.y - 1));
    return shown;
  });
}

/** Whether Grafana has an option of this name; `custom` ones are left to the types. */
export function isOption(id) {
  return id in STANDARD || id.startsWith('custom.');
}

/** Return the frames that a panel's transformations leave. */
export function transformed(panel, answers) {
  return lastValueFrom(transformDataFrame(panel.transformations ?? [], framesOf(panel.targets, answers)));
}

/** Return the frames that a panel draws. */
export async function drawn(panel, answers, mode = 'light') {
  const frames = applyFieldOverrides({
    data: await transformed(panel, answers),
    fieldConfig: structuredClone(panel.fieldConfig),
    fieldConfigRegistry: registryOf(panel.fieldConfig),
    replaceVariables: (text) => text,
    theme: createTheme({ colors: { mode } }),
    timeZone: 'utc',
  });
  cacheFieldDisplayNames(frames);
  return frames;
}
