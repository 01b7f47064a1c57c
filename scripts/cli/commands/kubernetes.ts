import { join } from 'node:path';
import { generatedManifests } from '../../kubernetes/generated.ts';
import { makeFolder, writeWhole } from '../../run/disk.ts';
import { type Register, SLA_FILE } from '../command.ts';
import { rulesText } from '../document-rules.ts';
import { type PlacedProblem, readDocument, shortPath, userPath } from '../inputs.ts';
import type { ExitCode, Io } from '../io.ts';
import { renderDashboards } from './dashboards.ts';

interface GenerateOptions {
  readonly sla?: string;
  readonly out?: string;
}

export const register: Register = (program, io, done) => {
  const group = program
    .command('kubernetes')
    .description('what the manifests under k8s/ need: generated ConfigMaps, Secrets, new passwords');
  group
    .command('generate')
    .description('write the manifests with the dashboards and the rules of the SLA document')
    .option('--sla <file>', SLA_FILE)
    .option('--out <dir>', 'the folder that contains k8s/ (default: this repository)')
    .action(async (options: GenerateOptions) => done(await generate(options, io)));
};

/** Writes every manifest that is generated from a document. */
async function generate({ sla, out }: GenerateOptions, io: Io): Promise<ExitCode | readonly PlacedProblem[]> {
  const read = await readDocument(io, sla);
  if (!read.ok) return read.error;
  const { document, file } = read.value;
  const folder = out === undefined ? io.project : userPath(io, out);
  const rules = rulesText(document, file, io.project);
  for (const [name, text] of generatedManifests(await renderDashboards(document), rules)) {
    const path = join(folder, name);
    await makeFolder(join(path, '..'));
    await writeWhole(path, text);
    io.print(`${shortPath(io, path)}\n`);
  }
  return 0;
}
