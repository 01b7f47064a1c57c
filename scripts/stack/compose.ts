import { stringify } from 'yaml';
import type { Part } from './containers/parts.ts';
import { IMAGES } from './images.ts';

/**
 * Generates compose.yaml from the same part definitions as the containers that the harness starts. The rules are mounted
 * from the generated file; all other configuration is inline.
 */
export function composeOf(parts: readonly Part[], rulesFile: string): string {
  const files = parts.flatMap((part) =>
    Object.entries(part.files).map(([target, content]) => ({
      part: part.name,
      target,
      source: nameOf(part, target),
      // Compose interprets a dollar sign as the start of a variable.
      from: target.endsWith('/rules.yaml')
        ? { file: rulesFile }
        : { content: content.replaceAll('$', '$$$$') },
    })),
  );
  const configsOf = (part: Part) =>
    files.filter((file) => file.part === part.name).map(({ source, target }) => ({ source, target }));
  return (
    HEAD +
    stringify(
      {
        name: 'sla-harness',
        services: Object.fromEntries(parts.map((part) => [part.name, serviceOf(part, configsOf(part))])),
        configs: Object.fromEntries(files.map(({ source, from }) => [source, from])),
      },
      { lineWidth: 0 },
    )
  );
}

const HEAD = `# The stack by Docker Compose (2.23.1 or newer), from the definitions in scripts/stack/containers/parts.ts: do not edit it here,
# ./sla test scripts/e2e/compose.test.ts -u writes it. Then: ./sla gate --target http://127.0.0.1:8000 --prometheus http://127.0.0.1:9090
`;

const nameOf = (part: Part, target: string) =>
  `${part.name}-${target.split('/').slice(-2).join('-').replace(/\W/g, '-')}`;

function serviceOf(part: Part, configs: readonly object[]): object {
  const { name, command, environment, folders, ports } = part;
  return {
    ...(name === 'service'
      ? { build: { context: '.', target: 'service', args: { BASE_IMAGE: `\${BASE_IMAGE:-${IMAGES.base}}` } } }
      : { image: IMAGES[name as keyof typeof IMAGES] }),
    ...(command.length === 0 ? {} : { command }),
    // Prometheus starts last: scrapes of a service that is still loading its model would trigger alerts.
    ...(name === 'prometheus' ? { depends_on: { service: { condition: 'service_healthy' } } } : {}),
    ...(Object.keys(environment).length === 0 ? {} : { environment }),
    ports: ports.map((port) => `127.0.0.1:${port}:${port}`),
    ...(configs.length === 0 ? {} : { configs }),
    ...(Object.keys(folders).length === 0
      ? {}
      : { volumes: Object.entries(folders).map(([target, source]) => `./${source}:${target}:ro`) }),
  };
}
