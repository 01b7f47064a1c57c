import { planWindow } from '../../slas/plan/plan.ts';
import { refuseOtherClock } from '../listen/clocks.ts';
import { checkListening, verifyUntilStopped } from '../listen/verifier.ts';
import {
  badOption,
  checkConfidence,
  checkIngestDelay,
  type PlacedProblem,
  readConfidence,
  readDocument,
  shortPath,
} from './inputs.ts';
import type { ExitCode, Io } from './io.ts';
import { type AskOptions, checkServer, judgeSpan } from './verify-server.ts';

/** `./sla verify --listen`, for progressive delivery. */

interface ListenOptions extends AskOptions {
  readonly prometheus?: string;
  readonly sla?: string;
  readonly confidence?: string;
  /** Options that do not apply to a server. */
  readonly run?: string;
  readonly from?: string;
  readonly to?: string;
  readonly offline?: boolean;
  readonly json?: boolean;
  readonly verbose?: boolean;
}

/** Responds to requests for verdicts of windows until it is stopped. */
export async function listenTo(
  address: string,
  options: ListenOptions,
  io: Io,
): Promise<ExitCode | readonly PlacedProblem[]> {
  const { prometheus } = options;
  const others = {
    RUN: options.run,
    '--from': options.from,
    '--to': options.to,
    '--offline': options.offline,
  };
  const foreign = Object.entries(others).find(([, value]) => value !== undefined);
  const printed = (['json', 'verbose'] as const).find((name) => options[name] !== undefined);
  if (foreign !== undefined)
    return badOption(foreign[0], 'with --listen, each request specifies its window: leave this out').error;
  if (printed !== undefined)
    return badOption(
      `--${printed}`,
      'applies to a verdict that is printed, and --listen responds with JSON: leave this out',
    ).error;
  if (prometheus === undefined)
    return badOption('--listen', 'it needs a Prometheus to query: add --prometheus URL').error;
  const [read, sure] = [await readDocument(io, options.sla), readConfidence(options.confidence)];
  const problems = [
    ...checkListening(address, io),
    ...checkServer(prometheus, io),
    ...checkIngestDelay(options.ingestDelay),
    ...[read, sure].flatMap((input) => (input.ok ? [] : input.error)),
  ];
  if (problems.length > 0 || !read.ok || !sure.ok) return problems;
  const { document, file } = read.value;
  const looser = checkConfidence(sure.value, document.confidence, options.sla ?? shortPath(io, file));
  if (looser.length > 0) return looser;
  await verifyUntilStopped(
    {
      listen: address,
      prometheus,
      least: sure.value.confidence ?? document.confidence,
      judge: ({ fromSeconds, toSeconds, isLatest, confidence = sure.value.confidence }, asking) => {
        const plan = planWindow(document, confidence === undefined ? {} : { confidence });
        const look = isLatest === true ? refuseOtherClock : undefined;
        return judgeSpan(plan, { fromSeconds, toSeconds }, prometheus, options, asking, look);
      },
    },
    io,
  );
  return 0;
}
