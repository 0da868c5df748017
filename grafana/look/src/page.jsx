// One dashboard as a page, drawn by Grafana's own components on Grafana's grid.
import '@fontsource/inter/400.css';
import '@fontsource/inter/500.css';
import { createRoot } from 'react-dom/client';
import {
  createTheme,
  dateTime,
  EventBusSrv,
  getFieldDisplayName,
  getFieldDisplayValues,
  ThemeContext,
} from '@grafana/data';
import {
  BarGauge,
  BigValue,
  GlobalStyles,
  PanelChrome,
  PanelContextProvider,
  TimeSeries,
  VizRepeater,
} from '@grafana/ui';
import { TableNG } from '@grafana/ui/unstable';
import { drawn, expanded } from './panels.js';

const COLUMNS = 24;
const ROW = 30;
const GAP = 8;
const PADDING = 16;
// Grafana's bar with the name, and the line of variables and links.
const HEAD = 40;
const LINE = 48;
let fonts;
let root;

/** Draw a dashboard; *answers* as frames.js has them. */
globalThis.draw = async (dashboard, answers, { mode, width, since, until, whole, selected }) => {
  fonts ??= Promise.all([400, 500].map((weight) => document.fonts.load(`${weight} 14px Inter`)));
  await fonts;
  const theme = createTheme({ colors: { mode } });
  const timeRange = { from: dateTime(since * 1000), to: dateTime(until * 1000), raw: { from: '', to: '' } };
  const panels = whole ? expanded(dashboard) : dashboard.panels;
  const shown = await Promise.all(panels.map(async (panel) => ({
    panel,
    frames: panel.type === 'row' ? [] : await drawn(panel, answers, mode),
  })));
  const inner = width - 2 * PADDING;
  const height = Math.max(...shown.map(({ panel: { gridPos: { y, h } } }) => (y + h) * (ROW + GAP)));
  document.body.style.background = theme.colors.background.canvas;
  const page = (
    <ThemeContext.Provider value={theme}>
      <GlobalStyles />
      <PanelContextProvider value={{ eventBus: new EventBusSrv() }}>
        <Head dashboard={dashboard} selected={selected} theme={theme} />
        <div style={{ position: 'relative', left: PADDING, width: inner, height }}>
          {shown.map(({ panel, frames }) => (
            <Placed key={panel.id} at={panel.gridPos} width={inner}>
              {(box) => panel.type === 'row'
                ? <h6 style={{ margin: 6 }}>{panel.collapsed ? '▸' : '▾'} {panel.title}</h6>
                : <Chrome panel={panel} frames={frames} box={box} theme={theme} timeRange={timeRange} />}
            </Placed>
          ))}
        </div>
      </PanelContextProvider>
    </ThemeContext.Provider>
  );
  root ??= createRoot(document.getElementById('page'));
  root.render(page);
};

/** A sketch of what Grafana shows above the panels: it takes as much room, but is not Grafana's own. */
function Head({ dashboard, selected, theme }) {
  const line = { display: 'flex', alignItems: 'center', gap: 8, padding: `0 ${PADDING}px`, fontSize: 12 };
  const box = { border: `1px solid ${theme.colors.border.medium}`, borderRadius: 2, padding: '4px 8px' };
  const variables = dashboard.templating.list.filter(({ hide }) => !hide);
  return (
    <div style={{ color: theme.colors.text.primary, fontFamily: theme.typography.fontFamily }}>
      <div style={{ ...line, height: HEAD, fontSize: 14, borderBottom: `1px solid ${theme.colors.border.weak}` }}>
        Dashboards › {dashboard.title}
      </div>
      <div style={{ ...line, height: LINE }}>
        {variables.map(({ name, label, includeAll, current }) => (
          <span key={name} style={box}>
            {label ?? name} <b>{selected[name] ?? (includeAll ? 'All' : '')}</b>
          </span>
        ))}
      </div>
    </div>
  );
}

function Placed({ at, width, children }) {
  const column = (width - (COLUMNS - 1) * GAP) / COLUMNS;
  const box = { width: at.w * (column + GAP) - GAP, height: at.h * (ROW + GAP) - GAP };
  return (
    <div style={{ position: 'absolute', left: at.x * (column + GAP), top: at.y * (ROW + GAP), ...box }}>
      {children(box)}
    </div>
  );
}

function Chrome({ panel, frames, box, theme, timeRange }) {
  return (
    <PanelChrome title={panel.title} description={panel.description} width={box.width} height={box.height}
      padding={panel.type === 'table' ? 'none' : 'md'}>
      {(width, height) => frames.every(({ fields }) => fields.length === 0) && panel.type !== 'stat'
        ? <Nothing>{panel.fieldConfig.defaults.noValue}</Nothing>
        : draw(panel, frames, { width, height, theme, timeRange })}
    </PanelChrome>
  );
}

function Nothing({ children }) {
  return <div style={{ display: 'grid', placeItems: 'center', height: '100%' }}>{children}</div>;
}

function draw(panel, frames, at) {
  const { options } = panel;
  switch (panel.type) {
    case 'table':
      return <TableNG data={frames[0]} width={at.width} height={at.height} sortBy={options.sortBy} timeRange={at.timeRange}
        cellHeight={options.cellHeight} noValue={panel.fieldConfig.defaults.noValue} fieldConfig={panel.fieldConfig}
        noHeader={!options.showHeader} enableVirtualization={false} />;
    case 'timeseries':
      return <TimeSeries frames={frames} width={at.width} height={at.height} timeRange={at.timeRange} timeZone="utc"
        legend={options.legend} options={options} />;
    case 'stat':
    case 'bargauge':
      return <Values panel={panel} frames={frames} {...at} />;
    case 'state-timeline':
      return <Timeline panel={panel} frames={frames} {...at} />;
    default:
      throw new Error(`no way to draw a ${panel.type}`);
  }
}

function Values({ panel, frames, width, height, theme }) {
  const { options, fieldConfig } = panel;
  const isStat = panel.type === 'stat';
  const values = () => getFieldDisplayValues({
    fieldConfig, reduceOptions: options.reduceOptions, replaceVariables: (text) => text, theme, data: frames, timeZone: 'utc',
  });
  const one = ({ value: { display, field }, width: w, height: h, alignmentFactors, orientation }) => isStat
    ? <BigValue value={display} width={w} height={h} theme={theme} colorMode={options.colorMode} textMode={options.textMode} text={options.text}
        graphMode={options.graphMode} justifyMode={options.justifyMode} />
    : <BarGauge value={display} field={field} display={field.display} width={w} height={h} theme={theme} text={options.text}
        orientation={orientation} displayMode={options.displayMode} showUnfilled={options.showUnfilled}
        valueDisplayMode={options.valueMode} namePlacement={options.namePlacement} alignmentFactors={alignmentFactors} />;
  return <VizRepeater source={frames} getValues={values} renderValue={one} width={width} height={height} itemSpacing={8}
    orientation={options.orientation} renderCounter={0} autoGrid={isStat} minVizWidth={options.minVizWidth}
    minVizHeight={options.minVizHeight} maxVizHeight={options.maxVizHeight} getAlignmentFactors={alignment} />;
}

function alignment(values) {
  const longest = (text) => values.map(text).reduce((one, other) => (other.length > one.length ? other : one), '');
  return { title: longest(({ display }) => display.title ?? ''), text: longest(({ display }) => display.text) };
}

/** Grafana's state timeline is not on npm: only its labels, words and colours are as Grafana makes them. */
function Timeline({ panel, frames, width, height, theme }) {
  const rows = frames.filter(({ fields }) => fields.length > 1).slice(0, panel.options.perPage);
  const each = (height - 24) / rows.length;
  const label = Math.max(...rows.map((frame) => getFieldDisplayName(frame.fields[1], frame, frames).length * 6.5));
  return (
    <div style={{ fontSize: Math.min(12, each), overflow: 'hidden' }}>
      {rows.map((frame, index) => {
        const { values, display } = frame.fields[1];
        const state = display(values.at(-1));
        return (
          <div key={index} style={{ display: 'flex', height: each, lineHeight: `${each}px` }}>
            <div style={{ width: label, textAlign: 'right', paddingRight: 8, whiteSpace: 'nowrap' }}>
              {getFieldDisplayName(frame.fields[1], frame, frames)}
            </div>
            <div style={{ flex: 1, margin: '1px 0', background: state.color, paddingLeft: 6,
              color: theme.colors.getContrastText(state.color) }}>
              {state.text}
            </div>
          </div>
        );
      })}
    </div>
  );
}
