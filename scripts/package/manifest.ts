/** Derives the package.json of the npm package from that of the repository. */

export interface RepositoryManifest {
  readonly name: string;
  readonly version: string;
  readonly description: string;
  readonly license: string;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

/** Only `dashboards` needs this package, and it is larger than all others together. Users who want dashboards install it. */
export const OPTIONAL = ['@grafana/grafana-foundation-sdk'];

/** @param packages the packages that the compiled files import. Throws if the repository does not pin one of them. */
export function manifestOf(own: RepositoryManifest, packages: ReadonlySet<string>): object {
  const pinned = { ...own.dependencies, ...own.devDependencies };
  const versionsOf = (names: readonly string[]) =>
    Object.fromEntries(names.toSorted().map((name) => [name, versionOf(name, pinned)]));
  const optional = [...packages].filter((name) => OPTIONAL.includes(name));
  return {
    name: own.name,
    version: own.version,
    description: own.description,
    keywords: ['sla', 'slo', 'load-testing', 'k6', 'prometheus', 'ci'],
    license: own.license,
    type: 'module',
    engines: { node: '>=22' },
    os: ['linux', 'darwin'],
    bin: { [own.name]: 'scripts/package/bin.js' },
    exports: {
      '.': { types: './slas/index.d.ts', default: './slas/index.js' },
      './sla-document.schema.json': './slas/documents/sla-document.schema.json',
      './package.json': './package.json',
    },
    dependencies: versionsOf([...packages].filter((name) => !OPTIONAL.includes(name))),
    peerDependencies: versionsOf(optional),
    peerDependenciesMeta: Object.fromEntries(optional.map((name) => [name, { optional: true }])),
  };
}

function versionOf(name: string, pinned: Readonly<Record<string, string>>): string {
  const version = pinned[name];
  if (version === undefined)
    throw new Error(`${name} is imported, but package.json of the repository does not list it`);
  return version;
}
