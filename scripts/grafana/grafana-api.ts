import { capacityWords, eventsOf } from '../../dashboards/report/events.ts';
import { RUN_TAG, type RunMark, VERDICT_TAG } from '../../dashboards/run-tag.ts';
import type { Held } from '../../slas/capacity/held.ts';
import type { Plan, RunRecord, Verdict } from '../../slas/model/model.ts';
import { parseJson } from '../../slas/prometheus/answer.ts';
import { withoutSecrets } from '../../slas/prometheus/http.ts';
import { wordsOf } from '../../slas/render/reasons/words.ts';
import { HarnessError } from '../cli/errors.ts';

/** Writes dashboards and a run's annotations to an existing Grafana through its HTTP API. */

export interface GrafanaAccess {
  readonly url: string;
  /**
   * The token of a service account that may write dashboards and annotations. null if the URL has user and password,
   * or if Grafana needs none.
   */
  readonly token: string | null;
  readonly signal: AbortSignal;
  /** Redacts secrets in responses of Grafana, before they are truncated. */
  readonly redact?: (text: string) => string;
}

export interface GrafanaRequest {
  readonly method: 'GET' | 'POST';
  /** Taken from the URL, including its query. */
  readonly path: string;
  readonly body?: unknown;
}

const LIMIT_MS = 15_000;

/** A dashboard of the same uid is replaced. */
export const dashboardRequest = (dashboard: string): GrafanaRequest => ({
  method: 'POST',
  path: 'api/dashboards/db',
  body: {
    dashboard: { ...(JSON.parse(dashboard) as object), id: null },
    overwrite: true,
    message: 'sla-harness',
  },
});

/** Existing annotations of a run. */
export const annotationsOf = (runId: string): GrafanaRequest => ({
  method: 'GET',
  path: `api/annotations?${new URLSearchParams([
    ['tags', RUN_TAG],
    ['tags', runId],
    ['limit', '1'],
  ])}`,
});

/** The input for the annotations of a run. */
export interface AnnotatedRun {
  readonly plan: Plan;
  readonly run: RunRecord;
  readonly verdict: Verdict;
  /** `environment.json`, which names the injected faults. */
  readonly environment: unknown;
  readonly held: Held | null;
}

/** Annotations for every dashboard: the verdict, the start, each phase, faults, incidents, and the highest step that met its objectives. */
export function annotationRequests({
  plan,
  run,
  verdict,
  environment,
  held,
}: AnnotatedRun): readonly GrafanaRequest[] {
  const ms = (seconds: number) => Math.round(seconds * 1000);
  const annotation = (what: RunMark, text: string, from: number, to: number): GrafanaRequest => ({
    method: 'POST',
    path: 'api/annotations',
    body: {
      time: ms(from),
      ...(to === from ? {} : { timeEnd: ms(to) }),
      tags: [RUN_TAG, run.id, what, ...(what === verdict.verdict ? [VERDICT_TAG] : [])],
      text: asText(text),
    },
  });
  const { fromSeconds, toSeconds } = run.window;
  const said = `${verdict.verdict.toUpperCase()} ${run.id}: ${wordsOf([verdict.summary])}`;
  return [
    annotation(verdict.verdict, said, fromSeconds, toSeconds),
    ...eventsOf(plan, run, environment).map(({ kind, label, words, ...times }) => {
      const text = words === '' ? label : kind === 'faults' ? `${words}: ${label}` : `${label}, ${words}`;
      return annotation(kind, `${run.id}: ${text}`, times.fromSeconds, times.toSeconds);
    }),
    ...(held === null ? [] : [annotation('held', `${run.id}: ${capacityWords(held)}`, toSeconds, toSeconds)]),
  ];
}

/** Grafana shows the text of an annotation as HTML. */
const asText = (text: string) =>
  text.replace(/[&<>]/g, (found) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[found]!);

/** Sends one request. Throws HarnessError `grafana` with Grafana's message. */
export async function sendToGrafana(request: GrafanaRequest, access: GrafanaAccess): Promise<unknown> {
  const { endpoint, headers } = grafanaEndpoint(request.path, access);
  try {
    const response = await fetch(endpoint, {
      method: request.method,
      headers,
      signal: AbortSignal.any([access.signal, AbortSignal.timeout(LIMIT_MS)]),
      ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
    });
    const text = await response.text();
    const answer = response.ok ? parseJson(text) : undefined;
    if (answer !== undefined) return answer;
    const said = (access.redact ?? String)(text).slice(0, 200);
    throw new Error(`status ${response.status}${response.ok ? ', but not JSON' : ''}: ${said}`);
  } catch (cause) {
    access.signal.throwIfAborted();
    throw new HarnessError('grafana', `${withoutSecrets(access.url)}: ${(cause as Error).message}`, {
      nextStep: 'check the address, and that GRAFANA_TOKEN may write dashboards and annotations',
      cause,
    });
  }
}

/** fetch rejects a user and password in the URL. */
function grafanaEndpoint(path: string, { url, token }: GrafanaAccess) {
  const endpoint = new URL(path, url.endsWith('/') ? url : `${url}/`);
  const { username, password } = endpoint;
  endpoint.username = '';
  endpoint.password = '';
  const basic = Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString(
    'base64',
  );
  const authorization = token !== null ? `Bearer ${token}` : username === '' ? null : `Basic ${basic}`;
  return {
    endpoint,
    headers: {
      'content-type': 'application/json',
      accept: 'application/json',
      ...(authorization === null ? {} : { authorization }),
    },
  };
}
