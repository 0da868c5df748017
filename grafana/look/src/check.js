// Print what each panel shows, and all that Grafana's own parts find wrong with it; end with 1 where they find anything.
import './globals.js';
import { fieldMatchers, getValueFormats } from '@grafana/data';
import { readdirSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { drawn, isOption, panelsOf, TRANSFORMATIONS, transformed } from './panels.js';

const [folder, ...files] = process.argv.slice(2);
// By situation and choice of variables.
const situations = Object.fromEntries(files.map((file) => [basename(file, '.json'), JSON.parse(readFileSync(file)).choices]));
const UNITS = new Set(getValueFormats().flatMap(({ submenu }) => submenu.map(({ value }) => value)));
const CUSTOM_UNIT = /^(count|currency|si|suffix|prefix|time|bool):/;
const FILLED = 'color-background';
const CLEAR = /^#\w{6}00$/;
const ROWS = 3;

/** Return what is wrong with what is written, whatever the data are. */
function mistakesOf(panel) {
  const { defaults, overrides } = panel.fieldConfig;
  const options = [...Object.entries(defaults).filter(([id]) => id !== 'custom'),
    ...overrides.flatMap(({ properties }) => properties.map(({ id, value }) => [id, value]))];
  const steps = panel.transformations ?? [];
  return [
    ...options.filter(([id]) => !isOption(id)).map(([id]) => `no option is called ${id}`),
    ...options.filter(([id, unit]) => id === 'unit' && !UNITS.has(unit) && !CUSTOM_UNIT.test(unit))
      .map(([, unit]) => `no unit is called ${unit}`),
    ...overrides.filter(({ matcher }) => !fieldMatchers.getIfExists(matcher.id))
      .map(({ matcher }) => `no matcher is called ${matcher.id}`),
    ...steps.filter(({ id }) => !(id in TRANSFORMATIONS)).map(({ id }) => `no transformation is called ${id}`),
    ...steps.flatMap(({ id, options: given }) => Object.keys(given).filter((option) => !TRANSFORMATIONS[id]?.includes(option))
      .map((option) => `${id} has no option ${option}`)),
  ];
}

/** Return the overrides of a panel that match none of the *frames* that they are given; colours are for all messages. */
function unmatched(panel, frames) {
  return panel.fieldConfig.overrides
    .filter(({ properties }) => properties.some(({ id }) => id !== 'color'))
    .filter(({ matcher }) => {
      const matches = fieldMatchers.get(matcher.id).get(matcher.options);
      return !frames.some((frame) => frame.fields.some((field) => matches(field, frame, frames)));
    })
    .map(({ matcher }) => `an override for ${matcher.options} matches nothing`);
}

/** Return what sorting and links need and none of the frames has. */
function lacking(panel, frames) {
  const fields = frames.flatMap((frame) => frame.fields.map((field) => ({ frame, field })));
  const sorted = (panel.options.sortBy ?? [])
    .filter(({ displayName }) => !fields.some(({ field }) => field.state.displayName === displayName))
    .map(({ displayName }) => `sorted by ${displayName}, which is no column`);
  const linked = fields.flatMap(({ frame, field }) => (field.config.links ?? []).flatMap(({ url }) => [
    ...named(url, /__data\.fields\.(\w+)/g).filter((name) => !frame.fields.some((field) => field.name === name)),
    ...named(url, /__field\.labels\.(\w+)/g).filter((name) => field.type === 'number' && !(name in field.labels)),
  ]));
  return [...sorted, ...linked.map((name) => `a link needs ${name}, which is not there`)];
}

function named(url, pattern) {
  return [...url.matchAll(pattern)].map(([, name]) => name);
}

/** Return what nobody should have to read: names that Grafana made up, the same name twice, the same row twice. */
function unreadable(panel, frames) {
  const fields = frames.flatMap((frame) => frame.fields.slice(panel.type === 'table' ? 0 : 1));
  const names = panel.type === 'stat' ? [] : fields.map(({ state }) => state.displayName);
  const odd = names.filter((name) => /^(Time|Value|Value #.*)$|[{}\\]|\(\)|^:|: *$|^ | {2}/.test(name));
  const twice = names.filter((name, index) => names.indexOf(name) !== index);
  const rows = panel.type === 'table' ? frames.flatMap(keysOf) : [];
  const cells = panel.type === 'table' ? fields.flatMap((field) => field.values.map((value) => ({ field, value }))) : [];
  const blank = cells.filter(({ value }) => value == null || value === '').map(({ field, value }) => ({
    field: field.state.displayName, display: field.display(value), filled: field.config.custom?.cellOptions?.type === FILLED,
  }));
  return [
    ...blank.filter(({ display }) => display.text === panel.fieldConfig.defaults.noValue)
      .map(({ field }) => `a cell of ${field} says why the whole panel would be empty`),
    ...blank.filter(({ display, filled }) => filled && !CLEAR.test(display.color))
      .map(({ field, display }) => `a cell of ${field} has the colour ${display.color} and no value`),
    ...(panel.type === 'table' && frames.length > 1 ? [`${frames.length} tables, of which one is shown`] : []),
    ...[...new Set(odd)].map((name) => `a name is ${name}`),
    ...[...new Set(twice)].map((name) => `two are called ${name}`),
    ...(new Set(rows).size < rows.length ? ['rows that belong together are not merged'] : []),
  ];
}

/** Return the labels of each row. */
function keysOf(frame) {
  const labels = frame.fields.filter(({ type }) => type === 'string');
  return Array.from({ length: frame.length }, (_, row) => JSON.stringify(labels.map(({ values }) => values[row])));
}

function shown(field, row) {
  const { prefix = '', text, suffix = '' } = field.display(field.values[row]);
  return `${prefix}${text}${suffix}`;
}

/** Return lines that tell what a panel shows. */
function described(panel, frames) {
  if (panel.type === 'table') {
    return frames.flatMap((frame) => [
      `${frame.length} rows: ${frame.fields.map(({ state }) => state.displayName).join(' | ')}`,
      ...Array.from({ length: Math.min(frame.length, ROWS) }, (_, row) => frame.fields.map((field) => shown(field, row)).join(' | ')),
    ]);
  }
  const series = frames.flatMap(({ fields }) => fields.slice(1));
  const name = panel.type === 'stat' ? () => '' : ({ state }) => `${state.displayName}: `;
  return [`${series.length} series`, ...series.slice(0, ROWS).map((field) => name(field) + shown(field, field.values.length - 1))];
}

/** Return what a panel shows in each situation where all is chosen, and its mistakes with whatever is chosen. */
async function checked(panel, uid) {
  const chosen = (one) => Object.values(one).map((answers) => drawn(panel, answers[uid]));
  const everywhere = await Promise.all(Object.values(situations).flatMap(chosen));
  const all = await Promise.all(Object.values(situations).map((one) => drawn(panel, one.all[uid])));
  const raw = await Promise.all(Object.values(situations).map((one) => transformed(panel, one.all[uid])));
  // What no situation has: the tests list these panels, with the reason.
  const isEmpty = everywhere.flat().every(({ length }) => length === 0);
  const mistakes = [
    ...mistakesOf(panel),
    ...(isEmpty ? [] : unmatched(panel, raw.flat())),
    ...(isEmpty ? [] : inAll(all.map((frames) => lacking(panel, frames)))),
    ...everywhere.flatMap((frames) => unreadable(panel, frames.filter(({ length }) => length > 0))),
  ];
  const lines = Object.keys(situations).flatMap((name, index) => described(panel, all[index]).map((line) => `${name}: ${line}`));
  const empty = isEmpty ? [`empty in all situations: ${panel.fieldConfig.defaults.noValue}`] : [];
  return { lines: [...lines, ...empty], mistakes: [...new Set(mistakes)] };
}

/** Return what is in each of several lists: what one situation lacks, another one may have. */
function inAll([first, ...others]) {
  return first.filter((entry) => others.every((list) => list.includes(entry)));
}

async function main() {
  let wrong = 0;
  for (const dashboard of readdirSync(folder).map((name) => JSON.parse(readFileSync(`${folder}/${name}`)))) {
    for (const panel of panelsOf(dashboard)) {
      const { lines, mistakes } = await checked(panel, dashboard.uid);
      console.log(`${dashboard.uid}: ${panel.title} (${panel.type})`);
      console.log([...lines.map((line) => `    ${line}`), ...mistakes.map((mistake) => `!!! ${mistake}`)].join('\n'));
      wrong += mistakes.length;
    }
  }
  console.log(`${wrong} mistakes`);
  process.exitCode = wrong ? 1 : 0;
}

main();
