/** The tools that the commands of the npm package use: k6 sends the load, and a Prometheus shows the snapshot of a run. */
export const TOOLS_OF_PACKAGE = ['k6', 'prometheus'] as const;
