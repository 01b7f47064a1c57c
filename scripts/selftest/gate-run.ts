import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { VerdictDocument } from '../../slas/render/json.ts';
import { start } from '../process/processes.ts';
import { injectFault, pidUnder } from './fault-injector.ts';
import type { Row } from './row.ts';
import { canMount, mountSmallDisk } from './small-disk.ts';
import { openStage } from './stage.ts';
import type { World } from './world.ts';

/** The result of a gate run. */
export interface GateRun {
  readonly exitCode: number | null;
  /** null if no verdict was reached. */
  readonly verdict: VerdictDocument | null;
  /** The code of the error that the gate ended with. */
  readonly errorCode: string | null;
  readonly runFolder: string;
}

/** A gate has to stop its children, and waits 10 s for a child that hangs. */
const GRACE_MS = 30_000;

/** Why a row cannot be run here; null if it can. */
export const cannotRun = ({ smallDisk }: Row): string | null =>
  smallDisk && !canMount() ? 'a small disk cannot be mounted here (it needs root, on Linux)' : null;

/** Runs the gate in its own process, as users do, while the fault is injected. */
export async function runGate(row: Row, folder: string, world: World, signal: AbortSignal): Promise<GateRun> {
  const out = join(folder, 'runs');
  using _disk = row.smallDisk ? await mountSmallDisk(out) : null;
  await using stage = row.stage ? await openStage(row.stage, world.stageOptions(row, folder, signal)) : null;
  const faults = row.faults === undefined || stage !== null ? [] : ['--faults', row.faults];
  const target = stage === null ? [] : ['--target', stage.targetUrl, '--prometheus', stage.prometheusUrl];
  const log = join(folder, 'gate.log');
  const { root } = world.io;
  const args = [
    'gate',
    '--sla',
    world.document.file,
    '--out',
    out,
    ...faults,
    ...target,
    ...(row.options ?? []),
  ];
  const gate = await start('gate', process.execPath, [join(root, 'scripts', 'cli', 'sla.ts'), ...args], {
    cwd: root,
    env: { ...world.io.env, ...world.toolPaths, ...row.env, NO_COLOR: '1' },
    logFile: log,
  });
  try {
    const loadedUrl = async () => {
      const [, url] = /^loading (http:\S+):/m.exec(await readFile(log, 'utf8')) ?? [];
      return url === undefined ? null : (stage?.serviceUrl ?? url);
    };
    const subject = { running: gate, stage, loadedUrl, pidOf: pidUnder(gate, stage), disk: out };
    const exit = await injectFault(row, subject, signal);
    const runFolder = join(out, 'latest');
    return { exitCode: exit.code, runFolder, ...(await leftBy(runFolder, log)) };
  } finally {
    await gate.stop(GRACE_MS);
  }
}

async function leftBy(runFolder: string, log: string): Promise<Pick<GateRun, 'verdict' | 'errorCode'>> {
  const file = join(runFolder, 'verdict.json');
  const verdict = existsSync(file) ? (JSON.parse(await readFile(file, 'utf8')) as VerdictDocument) : null;
  const [, errorCode = null] = /^next: .*\((\S+)\)$/m.exec(await readFile(log, 'utf8')) ?? [];
  return { verdict, errorCode };
}
