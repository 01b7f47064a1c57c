#!/usr/bin/env node

/**
 * The program of the npm package. It imports everything else dynamically. If a static import failed, Node.js would exit with
 * 1, which means "SLA missed".
 */

const OLDEST_NODE = 22;

function fail(message: string): never {
  process.stderr.write(`sla-harness: ${message}\n`);
  process.exit(4);
}

process.exitCode = 4;
const [major] = process.versions.node.split('.');
if (Number(major) < OLDEST_NODE)
  fail(`Node.js ${process.versions.node} is too old: ${OLDEST_NODE} or newer is needed`);

try {
  await import('./node-22.ts');
  await import('../cli/sla.ts');
} catch (error) {
  const [line] = String(error instanceof Error ? error.message : error).split('\n');
  fail(`the harness cannot be loaded: ${line}; install the package again`);
}

export {};
