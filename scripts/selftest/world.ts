import type { Io } from '../cli/io.ts';
import { toolIo } from '../run/prepare.ts';
import { findTool } from '../tools/find-tool.ts';
import { type SelftestDocument, writeDocument } from './document.ts';
import type { Row } from './row.ts';
import type { StageOptions } from './stage.ts';

/** What all rows share: the tools, located once, and the document. */
export interface World {
  readonly io: Io;
  readonly document: SelftestDocument;
  readonly k6Path: string;
  /** Variables through which a gate finds the tools. */
  readonly toolPaths: Readonly<Record<string, string>>;
  stageOptions(row: Row, folder: string, signal: AbortSignal): StageOptions;
}

export async function makeWorld(rows: readonly Row[], folder: string, io: Io): Promise<World> {
  const [k6, prometheus] = await Promise.all([
    findTool('k6', toolIo(io)),
    findTool('prometheus', toolIo(io)),
  ]);
  const needsNetwork = rows.some(({ stage }) => stage?.network);
  const toxiproxy = needsNetwork ? await findTool('toxiproxy-server', toolIo(io)) : null;
  const document = await writeDocument(folder, io);
  return {
    io,
    document,
    k6Path: k6.path,
    toolPaths: { K6_BIN: k6.path, PROMETHEUS_BIN: prometheus.path },
    stageOptions: (row, own, signal) => ({
      io,
      signal,
      folder: own,
      prometheusPath: prometheus.path,
      toxiproxyPath: toxiproxy?.path ?? null,
      selector: document.document.service.selector,
      faults: row.faults,
      env: row.env ?? {},
    }),
  };
}
