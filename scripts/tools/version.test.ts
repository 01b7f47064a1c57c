import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { TOOL_SPECS } from './specs.ts';
import { isGoAtLeast, satisfies } from './version.ts';

const range = { atLeast: '2.2.0', belowMajor: 3 };

describe('satisfies', () => {
  it.each([
    ['2.2.0', true],
    ['v2.10.1', true],
    ['2.2.0+ds', true],
    ['2.3.0-rc.1', true],
    ['2.1.9', false],
    ['2.2.0-rc.1', false],
    ['3.0.0', false],
    ['3.0.0-rc.1', false],
    ['1.99.99', false],
    ['', false],
    ['unknown', false],
    ['2', false],
  ])('%s: %s', (version, expected) => {
    expect(satisfies(version, range)).toBe(expected);
  });
});

describe('isGoAtLeast', () => {
  it.each([
    ['1.26.10', '1.26.9', true],
    ['1.26', '1.26.0', true],
    ['1.26.0', '1.26', true],
    ['1.9.5', '1.26', false],
    ['1.26rc1', '1.26', true],
    ['1.26beta2', '1.27', false],
    ['devel', '1.26', false],
  ])('Go %s, if %s is required: %s', (version, lowest, expected) => {
    expect(isGoAtLeast(version, lowest)).toBe(expected);
  });
});

describe('the pinned versions', () => {
  const goMod = (tool: 'k6' | 'prometheus' | 'jaeger') =>
    readFileSync(`${TOOL_SPECS[tool].package.go.folder}/go.mod`, 'utf8');

  it('are the same in the specs and in go.mod', () => {
    expect(goMod('k6')).toContain(`go.k6.io/k6/v2 v${TOOL_SPECS.k6.package.version} `);
    // Prometheus 3.16.0 is v0.316.0 as a Go module.
    const [major, minor, patch] = TOOL_SPECS.prometheus.package.version.split('.').map(Number);
    const module = `v0.${(major ?? 0) * 100 + (minor ?? 0)}.${patch}`;
    expect(goMod('prometheus')).toContain(`github.com/prometheus/prometheus ${module} `);
    // Jaeger 2.13.0 is v1.76.0: both generations are released together, 63 minor versions apart.
    const [, ofJaeger] = TOOL_SPECS.jaeger.package.version.split('.').map(Number);
    expect(goMod('jaeger')).toContain(`github.com/jaegertracing/jaeger v1.${(ofJaeger ?? 0) + 63}.0 `);
  });

  it('are within the accepted ranges', () => {
    for (const spec of Object.values(TOOL_SPECS)) {
      expect(satisfies(spec.package.version, spec.range), spec.name).toBe(true);
    }
  });
});
