import { join } from 'node:path';
import { generatedManifests, NAMESPACE } from '../../kubernetes/generated.ts';
import { ROTATABLE, type Rotatable, rotate } from '../../kubernetes/rotate.ts';
import { createSecrets } from '../../kubernetes/secret-store.ts';
import { SECRETS, type SecretName } from '../../kubernetes/secrets.ts';
import { makeFolder, writeWhole } from '../../run/disk.ts';
import { kubectlOf } from '../../stack/kubernetes/kubectl.ts';
import { type Register, SLA_FILE } from '../command.ts';
import { RUNBOOKS, rulesText, withRunbooks } from '../document-rules.ts';
import { badOption, type PlacedProblem, readDocument, shortPath, userPath } from '../inputs.ts';
import type { ExitCode, Io } from '../io.ts';
import { renderDashboards } from './dashboards.ts';

interface GenerateOptions {
  readonly sla?: string;
  readonly runbooks?: string;
  readonly out?: string;
}

export const register: Register = (program, io, done) => {
  const group = program
    .command('kubernetes')
    .description('prepare what the manifests under k8s/ need: generated ConfigMaps, Secrets, new passwords');
  group
    .command('generate')
    .description("write the manifests that contain the SLA document's dashboards and rules")
    .option('--sla <file>', SLA_FILE)
    .option('--runbooks <address>', RUNBOOKS)
    .option('--out <dir>', 'the folder that contains k8s/ (default: this repository)')
    .action(async (options: GenerateOptions) => done(await generate(options, io)));
  const inCluster = (name: string, description: string) =>
    group
      .command(name)
      .description(description)
      .option('--context <name>', 'a context of the kubeconfig (default: the current one)')
      .option('--namespace <name>', 'the namespace of the stack', NAMESPACE);
  inCluster('secrets', 'generate the passwords and tokens that are missing; existing ones are kept').action(
    async (options: ClusterOptions) => done(await secrets(options, io)),
  );
  inCluster('rotate', 'replace a password or token while everything runs, without losing a scrape')
    .argument('<what>', ROTATABLE.join(', '))
    .action(async (what: string, options: ClusterOptions) => done(await rotation(what, options, io)));
};

interface ClusterOptions {
  readonly context?: string;
  readonly namespace: string;
}

const placeOf = ({ context, namespace }: ClusterOptions, { env, signal }: Io) => ({
  kubectl: kubectlOf({ env, ...(context === undefined ? {} : { context }) }),
  namespace,
  signal,
});

/** Creates the missing Secrets. Prints none of their values. */
async function secrets(options: ClusterOptions, io: Io): Promise<ExitCode> {
  const created = await createSecrets(placeOf(options, io));
  for (const name of Object.keys(SECRETS) as SecretName[])
    io.print(`${created.has(name) ? 'created' : 'kept   '}  Secret ${name}\n`);
  io.print(
    `The password of Grafana's user admin: kubectl get secret grafana-admin -n ${options.namespace} -o jsonpath={.data.password} | base64 -d\n`,
  );
  return 0;
}

async function rotation(
  what: string,
  options: ClusterOptions,
  io: Io,
): Promise<ExitCode | readonly PlacedProblem[]> {
  if (!ROTATABLE.includes(what as Rotatable))
    return badOption('<what>', `"${what}" cannot be rotated: name one of ${ROTATABLE.join(', ')}`).error;
  await rotate(what as Rotatable, { ...placeOf(options, io), progress: io.progress });
  io.print(`rotated: ${what}\n`);
  return 0;
}

/** Writes all manifests that are generated from a document. */
async function generate(
  { sla, runbooks, out }: GenerateOptions,
  io: Io,
): Promise<ExitCode | readonly PlacedProblem[]> {
  const read = await readDocument(io, sla);
  if (!read.ok) return read.error;
  const linked = withRunbooks(read.value.document, runbooks);
  if (!linked.ok) return linked.error;
  const { value: document } = linked;
  const { file } = read.value;
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
