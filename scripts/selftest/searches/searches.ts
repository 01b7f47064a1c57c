import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pMap from 'p-map';
import { answerOf } from '../../../slas/capacity/search.ts';
import { formatValue } from '../../../slas/render/numbers.ts';
import { isSearch, readRecord } from '../../capacity/storage.ts';
import type { Io } from '../../cli/io.ts';
import { start, tailOf } from '../../process/processes.ts';
import { toolIo } from '../../run/prepare.ts';
import { listeningAddress } from '../../stack/listening.ts';
import { startPrometheus } from '../../stack/local.ts';
import { byLaw } from '../../testing/law-service.ts';
import { findTool } from '../../tools/find-tool.ts';
import { KNOWN_SCRIPT, knownDocument } from '../at-limit/known-document.ts';
import { startKnownService } from '../at-limit/known-service.ts';
import { untilEnded } from '../at-limit/until-ended.ts';
import type { Searched } from './intervals.ts';
import { type KnownLaw, startPerSecond, truthOf } from './laws.ts';

/** Runs real searches of services whose capacity is known: k6, Prometheus and HTTP on this machine. */

export interface SearchesOptions {
  readonly laws: readonly KnownLaw[];
  /** The number of searches for each service. */
  readonly searches: number;
  /** Each search has a seed of its own: this one, and those that follow. */
  readonly firstSeed: number;
  readonly budgetSeconds: number;
  /** How many searches run at the same time. Such a service only waits, so most of the CPU time is that of k6. */
  readonly parallel: number;
  readonly folder: string;
}

/** The time to start and stop tools, in addition to the budget. */
const AROUND_MS = 120_000;

export async function searchAll(options: SearchesOptions, io: Io): Promise<readonly Searched[]> {
  const [k6, prometheus] = await Promise.all([
    findTool('k6', toolIo(io)),
    findTool('prometheus', toolIo(io)),
  ]);
  const tools = { K6_BIN: k6.path, PROMETHEUS_BIN: prometheus.path };
  const seeds = Array.from({ length: options.searches }, (_, index) => options.firstSeed + index);
  const planned = seeds.flatMap((seed) => options.laws.map((law) => ({ law, seed })));
  let ended = 0;
  return await pMap(
    planned,
    async ({ law, seed }) => {
      const one = await searchOf(law, seed, { ...options, tools, io });
      io.progress(`${++ended}/${planned.length} ${inWords(one)}`);
      return one;
    },
    { concurrency: options.parallel },
  );
}

const inWords = ({ law, seed, provenPerSecond, refutedPerSecond, why }: Searched) => {
  const rate = (value: number | null) => (value === null ? 'none' : formatValue(value, 'per_second'));
  const found = why ?? `proven ${rate(provenPerSecond)}, missed ${rate(refutedPerSecond)}`;
  return `${law.name}, seed ${seed}: ${found}; the truth is ${rate(truthOf(law))}`;
};

interface Around extends SearchesOptions {
  readonly tools: { readonly K6_BIN: string; readonly PROMETHEUS_BIN: string };
  readonly io: Io;
}

async function searchOf(law: KnownLaw, seed: number, around: Around): Promise<Searched> {
  const { budgetSeconds, folder, tools, io } = around;
  const own = join(folder, `${law.name}-${seed}`);
  const failed = (why: string): Searched => ({
    ...{ law, seed, provenPerSecond: null, refutedPerSecond: null, why },
  });
  await mkdir(own, { recursive: true });
  const signal = AbortSignal.any([io.signal, AbortSignal.timeout(1000 * budgetSeconds + AROUND_MS)]);
  try {
    await using service = await startKnownService(byLaw(law, seed));
    await using prometheus = await startPrometheus(
      {
        ...{ root: io.root, env: io.env, signal, folder: own },
        ...{ prometheusPath: tools.PROMETHEUS_BIN, selector: { job: 'known' } },
      },
      [service.url],
      join(own, 'prometheus-data'),
    );
    const document = join(own, 'known.yaml');
    const load = { ratePerSecond: startPerSecond(law, seed), maxSeconds: 60, atLeastSeconds: 20 };
    await writeFile(document, knownDocument({ ...load, arrivals: law.arrivals, seed }, true));
    const runs = join(own, 'runs');
    const args = [
      ...['capacity', '--sla', document, '--out', runs, '--budget', `${budgetSeconds}s`],
      ...['--target', service.url, '--prometheus', await listeningAddress(prometheus, signal)],
    ];
    const logFile = join(own, 'search.log');
    await using search = await start(
      'search',
      process.execPath,
      [join(io.root, 'scripts/cli/sla.ts'), ...args],
      {
        cwd: io.root,
        env: { ...io.env, ...tools, ...KNOWN_SCRIPT, NO_COLOR: '1' },
        logFile,
      },
    );
    await untilEnded(search.exited, signal);
    return await answerIn(runs, law, seed, () => failed(tailOf(logFile, 3)));
  } catch (error) {
    io.signal.throwIfAborted();
    return failed((error as Error).message);
  }
}

async function answerIn(
  runs: string,
  law: KnownLaw,
  seed: number,
  failed: () => Searched,
): Promise<Searched> {
  const [name] = (await readdir(runs)).filter(isSearch);
  const record = name === undefined ? null : await readRecord(join(runs, name));
  if (record === null || !record.ok) return failed();
  const answer = answerOf(record.value.settings, record.value.steps);
  if (answer === null) return failed();
  const { refutedPerSecond } = answer;
  return answer.ok
    ? { law, seed, provenPerSecond: answer.provenPerSecond, refutedPerSecond, why: null }
    : { law, seed, provenPerSecond: null, refutedPerSecond, why: answer.code };
}
