import type { MemaClient } from "@mema/api/client";

type Client = MemaClient["worker"];
/** The procedures of the API that a worker consumes. */
type Name = "expand" | "claim" | "begin" | "heartbeat" | "complete" | "fail" | "release" | "wait" | "leave" | "reap";

export type Input<N extends Name> = Parameters<Client[N]["mutate"]>[0];
export type Output<N extends Name> = Awaited<ReturnType<Client[N]["mutate"]>>;

export interface CallOptions {
  signal?: AbortSignal;
}

/** The one surface a worker knows: over HTTP from another process, or a caller in the same one. */
export type WorkerApi = { [N in Name]: (input: Input<N>, options?: CallOptions) => Promise<Output<N>> };

export type Lease = Input<"release">["leases"][number];
export type Decision = Output<"begin">["decisions"][number];
export type Job = Extract<Decision, { decision: "go" }>["job"];
export type Completion = Input<"complete">["deliveries"][number];
export type Failure = Input<"fail">["deliveries"][number];

/** The worker's surface over HTTP. */
export function overHttp({ worker }: MemaClient): WorkerApi {
  return {
    expand: (input, options) => worker.expand.mutate(input, options),
    claim: (input, options) => worker.claim.mutate(input, options),
    begin: (input, options) => worker.begin.mutate(input, options),
    heartbeat: (input, options) => worker.heartbeat.mutate(input, options),
    complete: (input, options) => worker.complete.mutate(input, options),
    fail: (input, options) => worker.fail.mutate(input, options),
    release: (input, options) => worker.release.mutate(input, options),
    wait: (input, options) => worker.wait.mutate(input, options),
    leave: (input, options) => worker.leave.mutate(input, options),
    reap: (input, options) => worker.reap.mutate(input, options),
  };
}
