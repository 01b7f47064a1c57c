/** The tools that the npm package uses: k6 sends the load, and Prometheus shows the snapshot of a run. */
export const TOOLS_OF_PACKAGE = ['k6', 'prometheus'] as const;
