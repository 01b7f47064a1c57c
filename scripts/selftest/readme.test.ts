import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { judge } from '../../slas/judge/judge.ts';
import { renderText } from '../../slas/render/text.ts';
import { ROOT } from '../testing/sla.ts';
import { MATRIX } from './matrix.ts';
import { recordingOf } from './recorded.ts';

/** The verdict of a healthy run in the README must not differ from what the gate prints, except in numbers. */

/** Blocks of the README that start with the line of a run. */
const samples = [
  ...readFileSync(join(ROOT, 'README.md'), 'utf8').matchAll(/```\n(sentiment-api · [\s\S]*?)```/g),
].map(([, text]) => text!.trimEnd().split('\n'));

/** Lines that differ only in their numbers and in the widths of their columns are the same. */
const sense = (line: string) =>
  line
    .replace(/\d[\d.,]*/g, '0')
    .replace(/≈ |\s+/g, ' ')
    .trim();

test.each([['healthy', 0]] as const)(
  "the README shows the gate's words for the row %s",
  async (name, index) => {
    const { plan, run, evidence } = (await recordingOf(MATRIX.find((row) => row.name === name)!))!;
    const rendered = renderText(judge(plan, run, evidence), plan, { colour: false, isVerbose: false });
    const printed = rendered.split('\n').map(sense);
    // `…` stands for lines that the README leaves out.
    const shown = samples[index]!.map(sense).filter((line) => line !== '…');
    expect(
      shown.filter((line) => !printed.includes(line)),
      rendered,
    ).toEqual([]);
  },
);
