/** What the engine and its thread say to each other. */
export interface ThreadSettings {
  /** Folder of the cluster, created from the template, or by initdb, when it is not there; null for one in memory. */
  readonly clusterDir: string | null;
  readonly socketPath: string;
  readonly template: Uint8Array | null;
  readonly maintenanceIntervalMs: number;
}

export type ThreadCommand = "ping" | "maintain" | "dump" | "close";

export interface ThreadRequest {
  readonly id: number;
  readonly command: ThreadCommand;
}

export type ThreadMessage =
  | { readonly kind: "ready" }
  | { readonly kind: "done"; readonly id: number; readonly bytes: Uint8Array<ArrayBuffer> | null }
  | { readonly kind: "failed"; readonly id: number; readonly error: Error };
