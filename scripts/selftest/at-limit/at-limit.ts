import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { VerdictDocument } from '../../../slas/render/json.ts';
import { seeded } from '../../../slas/simulation/queues.ts';
import type { Io } from '../../cli/io.ts';
import { start, tailOf } from '../../process/processes.ts';
import { toolIo } from '../../run/prepare.ts';
import { listeningAddress } from '../../stack/listening.ts';
import { startPrometheus } from '../../stack/local.ts';
import { findTool } from '../../tools/find-tool.ts';
import type { Ended } from './counts.ts';
import { BUDGET, KNOWN_SCRIPT, type KnownLoad, knownDocument } from './known-document.ts';
import { type KnownService, startKnownService, type Treatment } from './known-service.ts';
import { untilEnded } from './until-ended.ts';

/**
 * Real gates of a service exactly at its limit: each response is slow with a probability of exactly the error budget,
 * independent of the others. Both *pass* and *fail* are then wrong, and each may occur as often as the confidence states.
 */

export const LOAD: KnownLoad = { ratePerSecond: 40, maxSeconds: 60, atLeastSeconds: 20 };

/** Each gate has its own service, Prometheus and k6; together they must leave the machine some CPU. */
const AT_A_TIME = 4;
/** A gate starts its tools before the load, and afterwards reads what was scraped. */
const AROUND_MS = 90_000;

/**
 * Far from the limit on both sides, so that the machine's own delays do not change the share of slow responses. The fast ones
 * vary by more than these delays. The delays come in clusters, and otherwise they alone would determine the design effect.
 */
const SLOW_MS = 450;
const FAST_MS = { min: 5, spread: 140 };

export function exactlyAtLimit(seed: number): (index: number) => Treatment {
  const random = seeded(seed);
  return () => {
    const isSlow = random() < BUDGET;
    const afterMs = FAST_MS.min + FAST_MS.spread * random();
    return { afterMs: isSlow ? SLOW_MS : afterMs, status: 200 };
  };
}

export interface AtLimitOptions {
  readonly gates: number;
  readonly folder: string;
  readonly load?: KnownLoad;
  /** The seed of the first service; each gate has its own. */
  readonly seed?: number;
}

export async function gatesAtLimit(
  { gates, folder, load = LOAD, seed = 1 }: AtLimitOptions,
  io: Io,
): Promise<readonly Ended[]> {
  const [k6, prometheus] = await Promise.all([
    findTool('k6', toolIo(io)),
    findTool('prometheus', toolIo(io)),
  ]);
  const tools = { K6_BIN: k6.path, PROMETHEUS_BIN: prometheus.path };
  const ended: Ended[] = [];
  let next = 0;
  const work = async () => {
    while (next < gates) {
      const index = next++;
      const own = join(folder, `gate-${index + 1}`);
      await mkdir(own, { recursive: true });
      const one = await gateOf(seed + index, { folder: own, load, tools, io });
      ended.push(one);
      io.progress(`${ended.length}/${gates} seed ${one.seed}: ${inWords(one)}`);
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_A_TIME, gates) }, work));
  return ended.toSorted((a, b) => a.seed - b.seed);
}

const inWords = ({ outcome, afterSeconds, broken, error }: Ended) =>
  [
    outcome,
    ...(afterSeconds === null ? [] : [`after ${afterSeconds} s`]),
    ...(broken.length === 0 ? [] : [`these checks do not hold: ${broken.join(', ')}`]),
    ...(error === null ? [] : [error]),
  ].join('; ');

interface GateOptions {
  readonly folder: string;
  readonly load: KnownLoad;
  readonly tools: Readonly<Record<string, string>>;
  readonly io: Io;
}

async function gateOf(seed: number, options: GateOptions): Promise<Ended> {
  const { folder, load, tools, io } = options;
  const signal = AbortSignal.any([io.signal, AbortSignal.timeout(load.maxSeconds * 1000 + AROUND_MS)]);
  try {
    await using service = await startKnownService(exactlyAtLimit(seed));
    await using prometheus = await prometheusOf(service, options, signal);
    const document = join(folder, 'known.yaml');
    await writeFile(document, knownDocument(load));
    const args = [
      ...['gate', '--sla', document, '--out', join(folder, 'runs'), '--target', service.url],
      ...['--prometheus', await listeningAddress(prometheus, signal)],
    ];
    const logFile = join(folder, 'gate.log');
    await using gate = await start('gate', process.execPath, [join(io.root, 'scripts/cli/sla.ts'), ...args], {
      cwd: io.root,
      env: { ...io.env, ...tools, ...KNOWN_SCRIPT, NO_COLOR: '1' },
      logFile,
    });
    const { code } = await untilEnded(gate.exited, signal);
    return await endOf(seed, code, folder, logFile);
  } catch (error) {
    io.signal.throwIfAborted();
    return { seed, outcome: 'error', afterSeconds: null, broken: [], error: (error as Error).message };
  }
}

const prometheusOf = ({ url }: KnownService, { folder, tools, io }: GateOptions, signal: AbortSignal) =>
  startPrometheus(
    {
      ...{ root: io.root, env: io.env, signal, folder },
      ...{ prometheusPath: tools.PROMETHEUS_BIN!, selector: { job: 'known' } },
    },
    [url],
    join(folder, 'prometheus-data'),
  );

const OUTCOMES: Readonly<Record<number, Ended['outcome']>> = { 0: 'pass', 1: 'fail', 3: 'inconclusive' };

async function endOf(seed: number, code: number | null, folder: string, logFile: string): Promise<Ended> {
  const file = join(folder, 'runs', 'latest', 'verdict.json');
  const verdict = existsSync(file) ? (JSON.parse(await readFile(file, 'utf8')) as VerdictDocument) : null;
  const outcome = OUTCOMES[code ?? -1];
  // An exit code without the matching verdict is not a verdict.
  if (verdict === null || outcome === undefined || verdict.exitCode !== code)
    return { seed, outcome: 'error', afterSeconds: null, broken: [], error: tailOf(logFile, 3) };
  const broken = verdict.preconditions.filter(({ ok }) => ok === false).map(({ id }) => id);
  return { seed, outcome, afterSeconds: verdict.sequential?.decidedAtSeconds ?? null, broken, error: null };
}
