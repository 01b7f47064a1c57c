import { chmod, copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { HarnessError } from '../../cli/errors.ts';
import { runCommand } from '../../tools/command.ts';
import { findTool } from '../../tools/find-tool.ts';
import { TOOL_SPECS, type ToolName } from '../../tools/specs.ts';
import { BUILT } from '../images.ts';
import { BASE_TAG, buildBase } from './base.ts';
import { type ImportWorld, importFolder } from './import-folder.ts';

/**
 * Builds images on machines without access to an image registry. Each contains only the pinned program, at the same path as
 * the official image, so that both start in the same way.
 */
interface ToolImage {
  readonly tool: ToolName;
  /** The absolute path of the program. */
  readonly program: string;
  /** Other programs in the official image that the harness calls, with their absolute paths. */
  readonly others?: Readonly<Partial<Record<ToolName, string>>>;
  /** Folders that the program writes to. */
  readonly folders: readonly string[];
}

const TOOL_IMAGES = {
  k6: { tool: 'k6', program: '/usr/bin/k6', folders: [] },
  prometheus: { tool: 'prometheus', program: '/bin/prometheus', folders: ['/prometheus', '/etc/prometheus'] },
  'prometheus-kubernetes': {
    tool: 'prometheus-kubernetes',
    program: '/bin/prometheus',
    folders: ['/prometheus', '/etc/prometheus'],
    // The readiness probe runs this program.
    others: { promtool: '/bin/promtool' },
  },
  alertmanager: {
    tool: 'alertmanager',
    program: '/bin/alertmanager',
    folders: ['/alertmanager', '/etc/alertmanager'],
  },
  victoriaMetrics: { tool: 'victoria-metrics', program: '/victoria-metrics-prod', folders: ['/storage'] },
  toxiproxy: { tool: 'toxiproxy-server', program: '/toxiproxy', folders: [] },
} as const satisfies Record<string, ToolImage>;

export const OFFLINE = { ...TOOL_IMAGES, base: null } as const;
export type OfflineImage = keyof typeof OFFLINE;

const isOffline = (name: string): name is OfflineImage => name in OFFLINE;

/**
 * The tag of an image that is built here. It contains the version, so that another version gets a different tag. null: the
 * image cannot be built.
 */
export function offlineTag(name: string): string | null {
  if (!isOffline(name)) return null;
  if (name === 'base') return BASE_TAG;
  const { version } = TOOL_SPECS[TOOL_IMAGES[name].tool].package;
  return name === 'toxiproxy'
    ? `${BUILT.toxiproxy}:${version}`
    : `sla-harness/offline-${name.toLowerCase()}:${version}`;
}

/** Builds the image, even if it already exists. Throws HarnessError. */
export async function buildOffline(name: OfflineImage, world: ImportWorld): Promise<void> {
  if (name === 'base') await buildBase(world);
  else await buildToolImage(TOOL_IMAGES[name], offlineTag(name)!, world);
}

async function buildToolImage(image: ToolImage, tag: string, world: ImportWorld) {
  const { tool, program, folders, others = {} } = image;
  const programs = Object.entries({ [tool]: program, ...others }) as [ToolName, string][];
  const folder = await mkdtemp(join(tmpdir(), 'sla-image-'));
  try {
    for (const one of [...folders, '/tmp']) await mkdir(join(folder, one), { recursive: true, mode: 0o755 });
    await chmod(join(folder, 'tmp'), 0o1777);
    for (const [name, path] of programs) await copyProgram(name, join(folder, path), tag, world);
    const changes = [`ENTRYPOINT ["${program}"]`, `USER ${NOBODY}`, 'ENV PATH=/usr/bin:/bin'];
    await importFolder(folder, { tag, changes, owner: NOBODY }, world);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function copyProgram(name: ToolName, file: string, tag: string, world: ImportWorld): Promise<void> {
  const found = await findTool(name, world.toolIo);
  await refuseDynamic(found.path, tag, world);
  await mkdir(dirname(file), { recursive: true });
  await copyFile(found.path, file);
  await chmod(file, 0o755);
}

const LDD_LIMIT_MS = 10_000;
/** The user id in the official Prometheus image. */
const NOBODY = '65534:65534';

/** The image contains no libraries. A dynamically linked program could not start, and would print no helpful error. */
async function refuseDynamic(path: string, tag: string, { toolIo }: ImportWorld): Promise<void> {
  const listed = await runCommand('ldd', [path], { ...toolIo, limitMs: LDD_LIMIT_MS });
  if (listed.kind !== 'exited' || listed.exitCode !== 0) return;
  throw new HarnessError(
    'not-static',
    `${path} needs shared libraries of this machine, so ${tag} cannot be built from it`,
    {
      nextStep: `build ${basename(path)} with CGO_ENABLED=0, or let the harness build it (unset the variable that names it)`,
    },
  );
}
