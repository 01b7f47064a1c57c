import type { Kubectl } from '../../stack/kubernetes/kubectl.ts';
import { KubectlError } from '../../stack/kubernetes/kubectl.ts';
import { newSecrets, type SecretData, type SecretName, secretObject } from '../secrets.ts';

/** A simulated cluster that stores Secrets. The caller supplies the output of all other kubectl commands. */
export class StoredSecrets {
  readonly commands: string[] = [];
  private readonly secrets: Record<string, SecretData> = { ...newSecrets() };
  private version = 1;
  private readonly others: (args: readonly string[]) => string;

  constructor(others: (args: readonly string[]) => string) {
    this.others = others;
  }

  data(name: SecretName): SecretData {
    return this.secrets[name]!;
  }

  readonly kubectl: Kubectl = {
    run: async (args, { input = '' } = {}) => {
      this.commands.push(args.join(' '));
      if (args[0] === 'get' && args[1] === 'secret') return this.json(args[2]!);
      if (args[0] === 'replace') return this.replace(input);
      return this.others(args);
    },
    follow: () => {
      throw new Error('nothing is followed');
    },
  };

  private json(name: string): string {
    const object = secretObject(name, 'sentiment-analysis', this.secrets[name]!);
    return JSON.stringify({
      ...object,
      metadata: { ...object.metadata, resourceVersion: String(this.version) },
    });
  }

  private replace(input: string): string {
    const { metadata, data } = JSON.parse(input) as {
      metadata: { name: string; resourceVersion: string };
      data: SecretData;
    };
    if (metadata.resourceVersion !== String(this.version)) throw refused('Conflict');
    this.version++;
    this.secrets[metadata.name] = Object.fromEntries(
      Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]),
    );
    return this.json(metadata.name);
  }
}

export const refused = (stderr: string) =>
  new KubectlError(stderr, { stderr, isLate: false, nextStep: 'none' });
