import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { parseArgs } from 'node:util';
import type { VerdictDocument } from '../../slas/render/json.ts';
import { countedBy, edgesOf, type LongService, makeLongBlocks } from '../../slas/testing/long-window.ts';
import { startPrometheusWith, toolPath } from '../../slas/testing/prometheus-server.ts';
import { ROOT } from './sla.ts';

/**
 * Measures time and memory of `./sla verify` over a day of many replicas. promtool creates a TSDB from generated text, which is
 * judged several times, and the counts are compared with the generated ones. docs/performance.md says how to run it.
 */
const { values } = parseArgs({
  options: {
    hours: { type: 'string', default: '24' },
    replicas: { type: 'string', default: '20' },
    every: { type: 'string', default: '5' },
    times: { type: 'string', default: '5' },
  },
});

const service: LongService = {
  job: 'sentiment-api',
  startSeconds: Date.UTC(2025, 5, 1) / 1000,
  hours: Number(values.hours) + 0.2,
  replicas: Number(values.replicas),
  everySeconds: Number(values.every),
  rate: 10,
};
const FROM = service.startSeconds + 360;
const TO = FROM + Number(values.hours) * 3600;

/** Makes the process report its peak memory and CPU time when it ends. */
const SAY = `data:text/javascript,process.on('exit',()=>{const{maxRSS,userCPUTime,systemCPUTime}=process.resourceUsage();console.error('used '+maxRSS+' '+(userCPUTime+systemCPUTime))})`;

interface Verified {
  readonly verdict: VerdictDocument;
  readonly seconds: number;
  readonly computedSeconds: number;
  readonly megabytes: number;
}

async function verify(url: string): Promise<Verified> {
  const at = (seconds: number) => new Date(seconds * 1000).toISOString();
  const own = ['verify', '--prometheus', url, '--from', at(FROM), '--to', at(TO), '--json'];
  const began = performance.now();
  // Runs the command in the same way as the launcher.
  const node = ['--max-semi-space-size=8', '--import', SAY, join(ROOT, 'scripts', 'cli', 'sla.ts')];
  const child = spawn(process.execPath, [...node, ...own], { stdio: ['ignore', 'pipe', 'pipe'] });
  const [printed, told] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  const seconds = (performance.now() - began) / 1000;
  const [, kilobytes, microseconds] = /used (\d+) (\d+)/.exec(told)!.map(Number);
  return {
    verdict: JSON.parse(printed) as VerdictDocument,
    seconds,
    computedSeconds: microseconds! / 1e6,
    megabytes: kilobytes! / 1024,
  };
}

const counted = Array.from({ length: service.replicas }, (_, replica) => {
  const { openSeconds, closeSeconds } = edgesOf(service, replica, FROM, TO);
  return countedBy(service, replica, closeSeconds).good - countedBy(service, replica, openSeconds).good;
}).reduce((sum, one) => sum + one);

const began = performance.now();
await using server = await startPrometheusWith((folder) =>
  makeLongBlocks([service], folder, toolPath('PROMTOOL_BIN')),
);
console.log(
  `made in ${((performance.now() - began) / 1000).toFixed(0)} s: ${values.hours} h, ${values.replicas} replicas, every ${values.every} s`,
);
for (let time = 0; time < Number(values.times); time++) {
  const { verdict, seconds, computedSeconds, megabytes } = await verify(server.url);
  const samples = verdict.objectives.find(({ id }) => id === 'latency-p95')?.samples;
  const told = `${verdict.verdict}, ${samples} successful responses counted, ${counted} made`;
  console.log(
    `${seconds.toFixed(2)} s, of them ${computedSeconds.toFixed(2)} s computing, at most ${megabytes.toFixed(0)} MB: ${told}`,
  );
  if (samples !== counted) process.exitCode = 1;
}
