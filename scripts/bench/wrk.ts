import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { HarnessError } from '../cli/errors.ts';
import type { Io } from '../cli/io.ts';
import { describeResult, runCommand } from '../tools/command.ts';
import type { ClosedLoop, ClosedLoopOptions } from './closed-loop-figures.ts';

const patienceMs = 60_000;

/** One thread of wrk: it sends the texts in turn, and prints its figures as JSON at the end. */
export async function runWrk(
  program: string,
  { url, texts, clients, seconds }: ClosedLoopOptions,
  folder: string,
  io: Io,
): Promise<ClosedLoop> {
  const script = join(folder, 'texts.lua');
  await writeFile(script, luaOf(texts));
  const args = ['-t1', `-c${clients}`, `-d${seconds}s`, '--timeout', '30s', '-s', script, url];
  const result = await runCommand(program, args, {
    env: io.env,
    limitMs: seconds * 1000 + patienceMs,
    signal: io.signal,
  });
  const line = result.kind === 'exited' ? /^\{.*\}$/m.exec(result.output)?.[0] : undefined;
  if (line === undefined) {
    const message = `wrk printed no result: ${describeResult(result)}`;
    throw new HarnessError('bench-wrk', message, { nextStep: 'run it by hand, or remove wrk from the PATH' });
  }
  const figures = JSON.parse(line) as Record<
    'requests' | 'micros' | 'p50' | 'p99' | 'refused' | 'failed',
    number
  >;
  const answered = figures.requests - figures.refused;
  return {
    answeredPerSecond: (answered / figures.micros) * 1e6,
    answered,
    bad: figures.refused + figures.failed,
    p50Ms: figures.p50 / 1000,
    p99Ms: figures.p99 / 1000,
  };
}

function luaOf(texts: readonly string[]): string {
  const bodies = texts.map((text) => luaString(JSON.stringify({ text })));
  return `local bodies = {${bodies.join(',\n')}}
local at = 0
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
function request()
  at = at % #bodies + 1
  return wrk.format(nil, "/predict", nil, bodies[at])
end
function done(summary, latency)
  local errors = summary.errors
  print(string.format('{"requests":%d,"micros":%d,"p50":%d,"p99":%d,"refused":%d,"failed":%d}', summary.requests,
    summary.duration, latency:percentile(50), latency:percentile(99), errors.status,
    errors.connect + errors.read + errors.write + errors.timeout))
end
`;
}

/** Lua does not support \\u, so every byte that is not plain ASCII is written as a number. */
function luaString(text: string): string {
  const bytes = [...Buffer.from(text, 'utf8')];
  const plain = (byte: number) => byte >= 32 && byte < 127 && byte !== 34 && byte !== 92;
  return `"${bytes.map((byte) => (plain(byte) ? String.fromCharCode(byte) : `\\${String(byte).padStart(3, '0')}`)).join('')}"`;
}
