/**
 * The real worker, which can also die, sleep, block, fail, or report whether its text is alone, if the text says so.
 */
import { execFileSync } from 'node:child_process';
import { loadModel } from '../classifier/inference.ts';
import { runWorker } from '../classifier/worker-loop.ts';

const troubles: readonly (readonly [RegExp, (ms: number) => void])[] = [
  [/^die$/, () => process.exit(7)],
  [/^sleep (\d+) ms$/, (ms) => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)],
  // A thread that waits in native code does not end when terminated.
  [/^block (\d+) ms$/, (ms) => void execFileSync('sleep', [String(ms / 1000)])],
  [
    /^poison$/,
    () => {
      throw new Error('cannot bear "poison"');
    },
  ],
];

function makeTrouble(text: string): void {
  for (const [pattern, trouble] of troubles) {
    const match = pattern.exec(text);
    if (match !== null) trouble(Number(match[1]));
  }
}

await runWorker(async (...start) => {
  const infer = await loadModel(...start);
  return async (texts, isLone) => {
    texts.forEach(makeTrouble);
    if (texts.includes('who else?')) throw new Error(isLone ? 'nobody' : 'somebody');
    return infer(texts, isLone);
  };
});
