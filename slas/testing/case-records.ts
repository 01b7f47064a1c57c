import { columnsOf } from '../client/columns.ts';
import type { LoadRecord, Plan } from '../model/model.ts';
import { type Given, type LoadText, ORIGIN_SECONDS } from './case-text.ts';
import { scenarioRecords } from './script-text.ts';

/** The load generator's record of a judging case. */

/** The client's record of each request: 25 per second from the start, or by phases. */
export function recordOf(
  { client, phases, window }: Given,
  plan: Plan,
): Pick<LoadRecord, 'client' | 'phases'> {
  if (phases === null)
    return client === null
      ? {}
      : recordedAs(requestsOf(client).map((one, index) => ({ ...one, startMs: index * 40 })));
  let planned = window.from;
  const all = plan.load!.phases.flatMap(({ name, ratePerSecond, durationSeconds }) => {
    const { from = planned, client: own, sent, late = 0.01 } = phases[name] ?? {};
    planned += durationSeconds;
    if (from === null) return [];
    const sentOnes = own === null ? [] : requestsOf(own ?? `${ratePerSecond * durationSeconds}x0.05`);
    const startMs = (index: number) => Math.round((from + index / ratePerSecond) * 10_000) / 10;
    const requests = sentOnes
      .map((one, index) => ({ ...one, startMs: startMs(index) }))
      .filter(({ isRecorded }) => isRecorded);
    return [
      {
        record: {
          name,
          fromSeconds: ORIGIN_SECONDS + from,
          sent: sent ?? requests.length,
          startedLateP99Seconds: late,
        },
        requests,
        isRecorded: own !== null,
      },
    ];
  });
  const requests = all.filter(({ isRecorded }) => isRecorded).flatMap((one) => one.requests);
  return { ...(requests.length === 0 ? {} : recordedAs(requests)), phases: all.map(({ record }) => record) };
}

/** k6's report on the load script. */
export function scriptOf({ checks, thresholds, failures, did, elsewhere }: Given): Partial<LoadRecord> {
  const hosts = Object.entries(elsewhere).map(([host, requests]) => ({ host, requests }));
  return {
    ...(did === null ? {} : { scenarios: scenarioRecords(did) }),
    ...(hosts.length === 0 ? {} : { elsewhere: hosts }),
    ...(checks === null ? {} : { checks: Object.entries(checks).map(([name, text]) => checkOf(name, text)) }),
    ...(thresholds === null ? {} : { thresholds: thresholds.map(thresholdOf) }),
    ...(failures === null ? {} : { failures }),
  };
}

function checkOf(name: string, text: string) {
  const [passes, made] = text.split(' of ').map(Number);
  return { name, passes: passes!, fails: made! - passes! };
}

function thresholdOf(text: string) {
  const [, metric, threshold, state, value] =
    /^(.*?): (\S+) (crossed|kept) (?:at ([\d.]+)|without samples)$/.exec(text)!;
  return {
    metric: metric!,
    threshold: threshold!,
    isCrossed: state === 'crossed',
    value: value === undefined ? null : Number(value),
    samples: value === undefined ? 0 : 1500,
  };
}

interface RequestText {
  readonly durationMs: number;
  readonly blockedMs: number;
  readonly status: number;
  readonly isRecorded: boolean;
}

const requestsOf = (text: string): readonly RequestText[] => text.split(/;\s*/).flatMap(stretchOf);

function stretchOf(text: string): readonly RequestText[] {
  const [, times, sequence] = /^(?:(\d+) times: )?(.*)$/.exec(text)!;
  const parts = Array.from({ length: Number(times ?? 1) }, () => sequence!.split(' ')).flat();
  return parts.flatMap((part) => {
    const [, count, seconds, blocked, status] = /^(\d+)x(lost|gone|[\d.]+)(?:\/([\d.]+))?(?:=(\d+))?$/.exec(
      part,
    )!;
    const isLost = seconds === 'lost';
    return Array.from({ length: Number(count) }, () => ({
      durationMs: isLost ? 10_000 : seconds === 'gone' ? 0 : Number(seconds) * 1000,
      blockedMs: Number(blocked ?? 0) * 1000,
      status: isLost ? 0 : Number(status ?? 200),
      isRecorded: seconds !== 'gone',
    }));
  });
}

const recordedAs = (
  requests: readonly (RequestText & { readonly startMs: number })[],
): Pick<LoadRecord, 'client'> => ({
  client: columnsOf(
    ORIGIN_SECONDS,
    requests.map(({ startMs, durationMs, blockedMs, status }) => ({
      startSeconds: startMs / 1000,
      durationSeconds: durationMs / 1000,
      blockedSeconds: blockedMs / 1000,
      ...{ status, path: '/predict' },
    })),
  ),
});

export function loadOf(text: LoadText, plan: Plan): LoadRecord {
  const number = (key: string, otherwise = 0) => Number(text[key] ?? otherwise);
  return {
    generator: { name: 'k6', version: '2.2.0' },
    plannedRequests: number('planned', plan.load?.plannedRequests),
    scheduledSeconds: number('seconds', plan.load?.scheduledSeconds),
    sent: number('sent'),
    answered: {
      '1xx': number('1xx'),
      '2xx': number('2xx'),
      '3xx': number('3xx'),
      '4xx': number('4xx'),
      '5xx': number('5xx'),
    },
    lost: number('lost'),
    ...(text.late === undefined ? {} : { startedLateP99Seconds: number('late') }),
    ...(text.wrong === undefined ? {} : { wrongAnswers: number('wrong') }),
    ...(text.looked === undefined ? {} : { lookedInto: number('looked') }),
    ...(text['script errors'] === undefined ? {} : { scriptErrors: number('script errors') }),
    ...(text['first error'] === undefined ? {} : { firstScriptError: String(text['first error']) }),
    ...(text.others === undefined ? {} : { otherRequests: number('others') }),
    ...(text.grpc === undefined ? {} : { otherProtocols: [{ protocol: 'grpc', samples: number('grpc') }] }),
    ...(text.interrupted === undefined ? {} : { interruptedIterations: number('interrupted') }),
    droppedIterations: number('dropped'),
    completed: text.completed !== false,
    ...(typeof text.decided !== 'number' ? {} : { decidedAtSeconds: number('decided') }),
    ...(text['decided late'] === undefined ? {} : { decidedLateP99Seconds: number('decided late') }),
    stoppedBecause: typeof text.stopped === 'string' ? text.stopped : null,
  };
}
