/** How `./sla mutate` tries the core: which files, by which tests, where its report goes. */
export default {
  mutate: [
    'slas/{document,plan,client,window,measures,statistics,judge,capacity,compare}/**/*.ts',
    'slas/prometheus/{downsampling,merging}.ts',
    'slas/alerts/cross-check.ts',
    '!slas/**/*.test.ts',
  ],
  testRunner: 'vitest',
  plugins: ['@stryker-mutator/vitest-runner'],
  vitest: { configFile: 'scripts/mutation/vitest.config.ts' },
  // Stryker reads tsconfig.json with the API of the old compiler, which TypeScript 7 has not. Our own needs no rewriting.
  tsconfigFile: 'scripts/mutation/no-tsconfig.json',
  coverageAnalysis: 'perTest',
  // Tables and patterns decide, too: that they are made when a file is loaded is no reason to leave them out.
  ignoreStatic: false,
  concurrency: 2,
  // A busy machine may take long over the first run, which is to show that all tests pass.
  dryRunTimeoutMinutes: 20,
  // The report keeps what it knew of files that are not tried this time. What is tried is tried anew: that a judging case
  // (a YAML file) has changed is nothing that Stryker would see.
  incremental: true,
  force: true,
  incrementalFile: '.sla/mutation/incremental.json',
  tempDirName: '.sla/mutation/sandbox',
  ignorePatterns: ['/runs', '.sla', 'coverage', 'service/model'],
  reporters: ['clear-text', 'html', 'json'],
  clearTextReporter: { allowColor: false, allowEmojis: false, logTests: false, reportTests: false },
  htmlReporter: { fileName: '.sla/mutation/report.html' },
  jsonReporter: { fileName: '.sla/mutation/report.json' },
  thresholds: { high: 95, low: 90, break: 90 },
};
