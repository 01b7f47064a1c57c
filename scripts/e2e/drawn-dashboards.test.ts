import { describe, expect, test } from 'vitest';
import { endpoints } from '../../service/metric-names.ts';
import { parseDocument } from '../../slas/document/document.ts';
import type { LabelMatcher, Measure, Objective, SlaDocument } from '../../slas/model/model.ts';
import { unwrap } from '../../slas/model/result.ts';
import { SHIPPED_YAML } from '../../slas/testing/cases.ts';
import { renderDashboards } from '../cli/commands/dashboards.ts';

/**
 * What a user sees in Grafana, as far as the JSON determines it: selectors, lookback, colours, names, units, and room for
 * titles.
 */

interface Override {
  readonly matcher: { readonly id: string; readonly options: string };
  readonly properties: readonly { readonly id: string; readonly value: unknown }[];
}
interface Target {
  readonly expr: string;
  readonly legendFormat: string;
}
interface Mapping {
  readonly type: string;
  // biome-ignore lint/suspicious/noExplicitAny: Grafana's own JSON
  readonly options: any;
}
interface GrafanaPanel {
  readonly type: string;
  readonly title: string;
  readonly gridPos: { readonly w: number };
  readonly targets?: readonly Target[];
  // biome-ignore lint/suspicious/noExplicitAny: the options of a dozen kinds of panels
  readonly options?: any;
  readonly fieldConfig?: {
    readonly defaults: {
      readonly unit: string;
      readonly noValue: string;
      readonly mappings?: readonly Mapping[];
      readonly thresholds: {
        readonly steps: readonly { readonly value: number | null; readonly color: string }[];
      };
      readonly custom?: {
        readonly fillOpacity?: number;
        readonly thresholdsStyle?: { readonly mode: string };
      };
    };
    readonly overrides: readonly Override[];
  };
}
interface Board {
  readonly panels: readonly GrafanaPanel[];
  // biome-ignore lint/suspicious/noExplicitAny: the variables of all kinds
  readonly templating: { readonly list: readonly any[] };
}

function documentOf(yaml: string): SlaDocument {
  return unwrap(parseDocument(yaml));
}

const boardsOf = async (document: SlaDocument) =>
  new Map(
    [...(await renderDashboards(document))].map(([name, text]) => [
      name.replace('.json', ''),
      JSON.parse(text) as Board,
    ]),
  );
const panelsOf = (board: Board) => board.panels.filter(({ type }) => type !== 'row');

const shipped = documentOf(SHIPPED_YAML);
const boards = await boardsOf(shipped);
const all = [...boards].flatMap(([board, one]) => panelsOf(one).map((panel) => ({ board, ...panel })));
const panelNamed = (title: string) => all.find((panel) => panel.title === title)!;
const targets = all.flatMap(({ board, title, targets: own = [] }) =>
  own.map((target) => ({ board, title, ...target })),
);

// ---------------------------------------------------------------------------------------------- selectors

/**
 * Objectives for several endpoints, with different label names, in a service whose own labels are also
 * variables.
 */
const SEVERAL = documentOf(`
apiVersion: sla-harness/v1
kind: SLA
name: several
service:
  selector: { job: sentiment-api, namespace: prod }
  buckets: { http_request_duration_seconds: [0.1, 0.2, 1] }
objectives:
  - id: single-p95
    latency:
      { histogram: http_request_duration_seconds, where: { method: POST, handler: /predict, status: { matches: 2.. } }, percentile: 95 }
    target: "< 200ms"
  - id: batch-p95
    latency:
      { histogram: http_request_duration_seconds, where: { method: POST, handler: /predict/batch, status: { matches: 2.. } }, percentile: 95 }
    target: "< 1s"
  - id: single-errors
    ratio:
      bad: { counter: http_requests_total, where: { method: POST, handler: /predict, status: { matches: 5.. } }, absent: zero }
      total: { counter: http_requests_total, where: { method: POST, handler: /predict } }
    target: "< 1%"
  - id: explain-errors
    ratio:
      bad: { counter: http_requests_total, where: { method: POST, handler: /explain, status: { matches: 5.. } }, absent: zero }
      total: { counter: http_requests_total, where: { method: POST, handler: /explain } }
    target: "< 2%"
  - id: pod-loaded
    uptime: { gauge: sentiment_model_loaded, where: { pod: { matches: "api-.*" } } }
    target: ">= 99%"
`);
const several = await boardsOf(SEVERAL);

const matcherText = (label: string, match: LabelMatcher) =>
  typeof match === 'string' ? `${label}="${match}"` : `${label}=~"${match.matches}"`;

/** The selectors in an expression, each as its metric and its list of matchers. */
const selectorsIn = (expr: string) =>
  [...expr.matchAll(/([a-zA-Z_:][\w:]*)\{((?:[^{}"]|"(?:[^"\\]|\\.)*")*)\}/g)].map(([, metric, inside]) => ({
    metric: metric!,
    matchers: [...inside!.matchAll(/\w+=~?"(?:[^"\\]|\\.)*"/g)].map(([text]) => text),
  }));

interface Part {
  readonly metric: string;
  readonly where: Readonly<Record<string, LabelMatcher>>;
}
const partsOf = (measure: Measure): readonly Part[] =>
  Object.values(measure).filter((part) => typeof part === 'object' && part !== null && 'where' in part);

describe('an objective keeps its own selector', () => {
  const ownTargets = (objective: Objective) =>
    panelsOf(several.get('sla-over-time')!)
      .flatMap(({ targets: own = [] }) => own)
      .filter(({ legendFormat }) => legendFormat === objective.id);

  test.each(SEVERAL.objectives.filter(({ measure }) => measure.kind !== 'uptime'))(
    'on every panel of "SLA over time" with its name: $id',
    (objective) => {
      const own = ownTargets(objective);
      expect(own).toHaveLength(5);
      const wanted = partsOf(objective.measure).map(({ where }) =>
        Object.entries(where).map(([label, match]) => matcherText(label, match)),
      );
      for (const { expr } of own) {
        const found = selectorsIn(expr);
        expect(found.length).toBeGreaterThan(0);
        for (const { matchers } of found) {
          expect(wanted.some((one) => one.every((matcher) => matchers.includes(matcher)))).toBe(true);
          expect(matchers.filter((matcher) => matcher.startsWith('handler'))).toHaveLength(1);
        }
      }
    },
  );

  test('variables narrow the selectors of objectives and the service, and replace neither', () => {
    const exprs = [...several].flatMap(([, board]) =>
      panelsOf(board).flatMap(({ targets: own = [] }) => own),
    );
    const selectors = exprs.flatMap(({ expr }) => selectorsIn(expr));
    expect(selectors.length).toBeGreaterThan(50);
    for (const { matchers } of selectors) {
      expect(matchers).toEqual(
        expect.arrayContaining(['job="sentiment-api"', 'namespace="prod"', 'namespace=~"$namespace"']),
      );
    }
    const loaded = selectors.filter(
      ({ metric, matchers }) => metric === 'sentiment_model_loaded' && !matchers.includes('pod=~"api-.*"'),
    );
    expect(loaded).toEqual([]);
  });

  test('selecting endpoints narrows the latency of the main dashboard', () => {
    const latency = panelsOf(several.get('sentiment-production')!).find(({ title }) =>
      title.startsWith('API'),
    )!;
    expect(selectorsIn(latency.targets![0]!.expr)[0]!.matchers).toEqual(
      expect.arrayContaining(['handler="/predict"', 'handler=~"$endpoint"']),
    );
    // The limit of another endpoint does not apply to this one.
    expect(latency.targets!.map(({ legendFormat }) => legendFormat)).toEqual([
      'p50',
      'p95',
      'p99',
      'target p95 < 200ms',
    ]);
  });

  test('with the default selection, every objective includes its own endpoint', () => {
    for (const [, { templating }] of several) {
      const { current } = templating.list.find(({ name }) => name === 'endpoint');
      expect(current.value).toEqual([...endpoints, '/explain']);
    }
  });
});

// ---------------------------------------------------------------------------------------------- lookback

const SECONDS: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };
const secondsOf = (duration: string) => {
  const [, value, unit] = /^(\d+)(ms|[smhdw])$/.exec(duration) ?? [];
  return Number(value) * (SECONDS[unit ?? ''] ?? Number.NaN);
};

/** The step of each subquery, and the ranges in the expression that it evaluates. */
function subqueriesOf(asWritten: string) {
  // A regular expression may also contain brackets.
  const expr = asWritten.replace(/"(?:[^"\\]|\\.)*"/g, '""');
  return [...expr.matchAll(/\)\[([^\]:]+):([^\]]*)\]/g)].map((found) => {
    let depth = 0;
    let from = found.index;
    do {
      if (expr[from] === ')') depth++;
      if (expr[from] === '(') depth--;
      from--;
    } while (depth > 0);
    const inner = expr.slice(from + 1, found.index);
    return { step: found[2]!, ranges: [...inner.matchAll(/\[([^\]:]+)\]/g)].map(([, range]) => range!) };
  });
}

test('no subquery on any dashboard skips data between two of its steps', () => {
  const subqueries = [
    ...targets,
    ...[...several].flatMap(([, board]) => panelsOf(board).flatMap((panel) => panel.targets ?? [])),
  ].flatMap(({ expr }) => subqueriesOf(expr));
  expect(subqueries.length).toBeGreaterThan(6);
  for (const { step, ranges } of subqueries) {
    expect(ranges.length).toBeGreaterThan(0);
    for (const range of ranges) expect(secondsOf(range)).toBeGreaterThanOrEqual(secondsOf(step));
  }
});

test('a subquery that would skip peaks is found', () => {
  expect(subqueriesOf('max_over_time((sum(rate(x{a="b"}[1m])))[7d:5m]) or x')).toEqual([
    { step: '5m', ranges: ['1m'] },
  ]);
});

// ---------------------------------------------------------------------------------------------- what users see

/**
 * The room for a title on a screen of 1,280 pixels with 24 columns. Each panel has padding, and two icons next to the
 * title.
 */
const titleRoom = (columns: number) => Math.floor(((1280 - 32) / 24) * columns - 16 - 56);
const CHARACTER_PIXELS = 7.6;

test.each(all)('$board, $title: the title fits at 1,280 pixels', ({ title, gridPos }) => {
  expect(title.length * CHARACTER_PIXELS).toBeLessThan(titleRoom(gridPos.w));
});

test('the categories of bar charts have names', () => {
  const charts = all.filter(({ type }) => type === 'barchart');
  expect(charts.map(({ title }) => title).sort()).toEqual(['Error Types', 'Error Types', 'Feedback']);
  for (const { options } of charts) {
    expect(options.xTickLabelMaxLength).toBeGreaterThanOrEqual('inference_error'.length);
    expect(options.orientation).toBe('horizontal');
    expect(options.xField).toBe(options.colorByField);
  }
});

const colourOf = ({ properties }: Override) =>
  (properties.find(({ id }) => id === 'color')?.value as { mode: string; fixedColor: string } | undefined)
    ?.fixedColor;
const overridden = (panel: GrafanaPanel, series: string) =>
  panel.fieldConfig!.overrides.find(({ matcher: { id, options } }) =>
    id === 'byName' ? options === series : new RegExp(options.slice(1, -1)).test(series),
  );

describe('colours have meanings', () => {
  const bySentiment = all.filter(
    ({ targets: own = [], type }) =>
      type !== 'gauge' && own.some(({ legendFormat }) => legendFormat === '{{sentiment}}'),
  );

  test('a sentiment has the same colour on every panel, and NEGATIVE is not green', () => {
    expect(bySentiment).toHaveLength(4);
    for (const panel of bySentiment) {
      expect(colourOf(overridden(panel, 'POSITIVE')!)).toBe('green');
      expect(colourOf(overridden(panel, 'NEGATIVE')!)).toBe('orange');
    }
  });

  test.each([
    ['200', 'green'],
    ['404', 'yellow'],
    ['429', 'orange'],
    ['499', 'orange'],
    ['503', 'red'],
  ])('status %s is %s', (status, colour) => {
    const panel = panelNamed('Requests by status');
    const overrides = panel.fieldConfig!.overrides.filter(({ matcher }) =>
      new RegExp(matcher.options.slice(1, -1)).test(status),
    );
    // Grafana applies all matching overrides in order, so the last one wins.
    expect(colourOf(overrides.at(-1)!)).toBe(colour);
  });

  test('zero errors and zero disagreement are green', () => {
    const text = (title: string) => panelNamed(title).fieldConfig!.defaults.mappings![0]!.options;
    expect(text('Error Types')).toMatchObject({
      overloaded: { color: 'red' },
      invalid_input: { color: 'blue' },
    });
    expect(text('Feedback')).toMatchObject({ agree: { color: 'green' }, disagree: { color: 'orange' } });
  });

  test('minutes above the SLO target are not green', () => {
    const { steps } = panelNamed('Minutes beyond the target, last 24 h').fieldConfig!.defaults.thresholds;
    const colourAt = (minutes: number) => steps.findLast(({ value }) => (value ?? 0) <= minutes)!.color;
    expect([0, 1, 14, 15, 29, 1440].map(colourAt)).toEqual([
      'green',
      'orange',
      'orange',
      'red',
      'red',
      'red',
    ]);
  });

  test('a panel without traffic shows no alarm colour, whether its value is 0 or missing', () => {
    const stats = all.filter(({ type }) => type === 'stat');
    expect(stats.length).toBeGreaterThan(4);
    for (const { fieldConfig } of stats) {
      const { mappings = [], noValue } = fieldConfig!.defaults;
      const absent = mappings.find(({ type }) => type === 'special')!.options;
      expect(absent).toMatchObject({ match: 'null+nan', result: { text: noValue, color: 'text' } });
    }
    const { thresholds, mappings } = panelNamed('Prediction Rate').fieldConfig!.defaults;
    expect(mappings!.find(({ type }) => type === 'value')!.options).toMatchObject({
      0: { text: 'no traffic', color: 'text' },
    });
    expect(thresholds.steps.map(({ color }) => color)).toEqual(['text', 'red', 'orange', 'green']);
  });

  test('values without limits are neither green nor red', () => {
    const without = all.filter(({ title }) =>
      ['CPU', 'Batch Sizes', 'Queue', 'Total Predictions (24h)'].includes(title),
    );
    for (const { fieldConfig } of without) {
      expect(fieldConfig!.defaults.thresholds.steps).toEqual([{ value: null, color: 'blue' }]);
    }
  });
});

test('the band of the sentiment ratio is filled between its edges, not from zero', () => {
  const panel = panelNamed('Sentiment ratio and the band around its 7-day mean');
  const property = (series: string, id: string) =>
    overridden(panel, series)?.properties.find((one) => one.id === id)?.value;
  const legends = panel.targets!.map(({ legendFormat }) => legendFormat);
  expect(legends).toEqual(['positive, last hour', '7-day mean + 10 points', '7-day mean - 10 points']);
  expect(property('7-day mean + 10 points', 'custom.fillBelowTo')).toBe('7-day mean - 10 points');
  expect(property('7-day mean + 10 points', 'custom.fillOpacity')).toBeGreaterThan(0);
  expect(panel.fieldConfig!.defaults.custom!.fillOpacity).toBe(0);
});

test('units are familiar to operators', () => {
  const units = new Set(all.map(({ fieldConfig }) => fieldConfig?.defaults.unit));
  expect([...units].sort()).toEqual([
    ...['bytes', 'none', 'percentunit', 'reqps', 's', 'short', 'suffix: predictions/s'],
  ]);
  expect(panelNamed('Prediction Rate').fieldConfig!.defaults.unit).toBe('suffix: predictions/s');
  expect(panelNamed('HTTP Request Rate by endpoint').fieldConfig!.defaults.unit).toBe('reqps');
});

test('a limit is a line with a name and a colour', () => {
  const drawn = all.filter(({ type }) => type === 'timeseries');
  for (const panel of drawn) {
    expect(panel.fieldConfig!.defaults.custom?.thresholdsStyle?.mode ?? 'off').toBe('off');
    for (const { legendFormat, expr } of panel.targets!.filter((target) =>
      target.expr.startsWith('vector('),
    )) {
      expect(legendFormat).toMatch(/(target|alert) .*\d|held in /);
      expect(expr).toMatch(/^vector\([\d.]+\)$/);
      expect(['orange', 'red']).toContain(colourOf(overridden(panel, legendFormat)!));
    }
  }
  const names = (title: string) => panelNamed(title).targets!.map(({ legendFormat }) => legendFormat);
  expect(names('API Latency p50/p95/p99').slice(3)).toEqual([
    ...['target p95 < 200ms', 'p95 alert > 300ms', 'target p99 < 500ms', 'p99 alert > 1s'],
  ]);
});

test.each(['HTTP Request Rate by endpoint', 'Requests by status', 'Requests in progress'])(
  '%s: series that are 0 for the whole time range are left out of every legend',
  (title) => {
    const [{ expr }] = panelNamed(title).targets! as [Target];
    expect(expr).toMatch(/\) and on \((handler|status)\) \(.*\[\$__range\]\)\) > 0\)$/);
  },
);

test('the list of verdicts contains only verdicts, and no starts or phases', () => {
  expect(panelNamed('Verdicts of runs').options.tags).toEqual(['sla-run', 'verdict']);
});
