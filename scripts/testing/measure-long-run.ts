import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '../run/disk.ts';
import { FILES } from '../runs/bundle.ts';
import { makeLongRun, THREE_MILLION } from './long-run.ts';

/**
 * Measures the cost of judging and showing a run of 3 million requests from its folder: `node
 * scripts/testing/measure-long-run.ts`. The figures are in docs/performance.md.
 */

const ROOT = join(import.meta.dirname, '..', '..');
const TELL_PEAK = `data:text/javascript,${encodeURIComponent(
  'process.on("exit", () => process.stderr.write("\\npeak " + process.resourceUsage().maxRSS + " cpu " + process.cpuUsage().user + "\\n"))',
)}`;

async function measured(...command: readonly string[]): Promise<string> {
  const startedMs = performance.now();
  const child = spawn(
    process.execPath,
    ['--import', TELL_PEAK, join(ROOT, 'scripts', 'cli', 'sla.ts'), ...command],
    { cwd: ROOT, stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, DISPLAY: '' } },
  );
  const closed = once(child, 'close');
  let stderr = '';
  for await (const chunk of child.stderr) stderr += chunk;
  await closed;
  const seconds = (performance.now() - startedMs) / 1000;
  const [, peakKb, cpuMicros] = (/peak (\d+) cpu (\d+)/.exec(stderr) ?? []).map(Number) as number[];
  return `${command[0]}: ${seconds.toFixed(1)} s (${(cpuMicros! / 1e6).toFixed(1)} s of CPU), at most ${Math.round(peakKb! / 1024)} MB, exit code ${child.exitCode}`;
}

await using folder = await temporaryFolder();
const path = await makeLongRun(folder.path, THREE_MILLION);
for (const name of [FILES.client, FILES.run, FILES.report])
  console.log(`${name}: ${((await stat(join(path, name))).size / 1e6).toFixed(2)} MB`);
console.log(await measured('verify', path));
console.log(await measured('review', path, '--text'));
