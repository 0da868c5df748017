// From the answers of Prometheus to frames, as Grafana's data source makes them: its own code for this is in Go and AGPL,
// so that this is written from what it does.
import { createDataFrame, FieldType } from '@grafana/data';

/** Return the frames of all queries of a panel; *answers* are lists of series, by kind of query and expression. */
export function framesOf(targets, answers) {
  const found = targets.map((target) => ({ target, series: answers[target.instant ? 'instant' : 'range'][target.expr] }));
  const tables = found.filter(({ target }) => target.format === 'table');
  const others = found.filter(({ target }) => target.format !== 'table');
  return [...others.flatMap(framesOfSeries), ...tablesOf(tables)];
}

function framesOfSeries({ target, series }) {
  const refId = target.refId;
  return series.length === 0 ? [nothing(refId)] : series.map((one) => frameOf(target, one));
}

function frameOf(target, { metric, value, values = [value] }) {
  const name = nameOf(target, metric);
  const config = name === '' ? {} : { displayNameFromDS: name };
  return createDataFrame({
    refId: target.refId,
    name,
    fields: [
      { name: 'Time', type: FieldType.time, config: {}, values: values.map(([time]) => time * 1000) },
      { name: 'Value', type: FieldType.number, config, labels: metric, values: values.map(([, sample]) => number(sample)) },
    ],
  });
}

function nameOf({ legendFormat = '', expr }, labels) {
  if (legendFormat !== '') {
    return legendFormat.replace(/\{\{\s*(.+?)\s*\}\}/g, (_, label) => labels[label] ?? '');
  }
  const { __name__: family = '', ...others } = labels;
  const pairs = Object.entries(others).map(([label, value]) => `${label}="${value}"`);
  const name = pairs.length ? `${family}{${pairs.sort().join(', ')}}` : family;
  return name || expr;
}

/** One frame a query, with a column for each label that any of its series has. */
function tablesOf(found) {
  if (found.length === 1 && found[0].series.length === 0) {
    return [nothing(found[0].target.refId)];
  }
  return found.map(({ target: { refId }, series }) => {
    const labels = [...new Set(series.flatMap(({ metric }) => Object.keys(metric).sort()))];
    return createDataFrame({
      refId,
      fields: [
        { name: 'Time', type: FieldType.time, config: {}, values: series.map(({ value: [time] }) => time * 1000) },
        ...labels.map((name) => ({
          name,
          type: FieldType.string,
          config: { filterable: true },
          values: series.map(({ metric }) => metric[name] ?? ''),
        })),
        {
          name: found.length > 1 ? `Value #${refId}` : 'Value',
          type: FieldType.number,
          config: {},
          values: series.map(({ value: [, sample] }) => number(sample)),
        },
      ],
    });
  });
}

function nothing(refId) {
  return createDataFrame({ refId, fields: [] });
}

function number(text) {
  return text.endsWith('Inf') ? (text.startsWith('-') ? -Infinity : Infinity) : parseFloat(text);
}
