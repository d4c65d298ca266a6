import type {
  AuthProvider,
  EntityType,
  EvalType,
  EvalVerdict,
  FactStatus,
  FactType,
  InterestCandidateStatus,
  KeyScope,
  MessageRole,
  OutdatedReason,
  ProcessingStatus,
} from "@mema/shared";
import type { Page, PageRequest } from "./cursor.ts";
import type { Deletion } from "./deletion.ts";
import type { DialogContext, DialogStatus } from "./dialog-context.ts";
import type { VectorSearch } from "./recall/vectors.ts";
import type {
  ApiKey,
  AuditEntry,
  Conversation,
  Entity,
  Evaluation,
  Event,
  Fact,
  FactUse,
  InterestCandidate,
  Invite,
  Message,
  NewAuditEntry,
  NewConversation,
  NewEntity,
  NewEvaluation,
  NewEvent,
  NewFact,
  NewFactUse,
  NewMessage,
  NewUser,
  Session,
  TokenUsage,
  User,
  UserAuth,
} from "./rows.ts";

/*
 * What every repository keeps to: it sees the rows of its transaction's user and no others, and names the user in every statement.
 * `findX` returns null where there is nothing, `getX` throws NOT_FOUND; another user's id is the same as one that does not exist.
 * `update` names the version that was read and throws CONFLICT when the row has moved on. Lists are pages, the newest first unless said.
 */

export interface UserRepository {
  /** The user of the transaction, whose id was chosen before. CONFLICT when there already. */
  create(input: NewUser): Promise<User>;
  find(): Promise<User | null>;
  get(): Promise<User>;
  /** A change of language makes everything searchable in the new one: as slow as the user has messages. */
  update(version: number, changes: Partial<NewUser>): Promise<User>;
  /** Notes that the user was here, by the database's clock. */
  touchLastSeen(): Promise<void>;
  /** Removes the user and every row of theirs, at once and for good. */
  delete(): Promise<void>;
}

export interface UserAuthRepository {
  /** Linking the same identity again is no change. CONFLICT when it belongs to another account. */
  link(input: { provider: AuthProvider; externalId: string; languageCode?: string | null }): Promise<UserAuth>;
  list(): Promise<UserAuth[]>;
  unlink(id: string): Promise<void>;
}

/** Rows whose secret is shown once, when they are made: only its hash is stored. */
interface Credentials<Row> {
  list(): Promise<Row[]>;
  /** From the end of the transaction on it opens nothing. Revoking again is no change. */
  revoke(id: string): Promise<Row>;
}

export interface SessionRepository extends Credentials<Session> {
  create(input: { expiresAt: Date | null }): Promise<{ session: Session; token: string }>;
  /** Notes its use, by the database's clock. */
  touch(id: string): Promise<void>;
}

export interface ApiKeyRepository extends Credentials<ApiKey> {
  /** `token` sets the key instead of a random one. */
  create(input: { name: string; scopes: KeyScope[]; expiresAt?: Date | null; token?: string }): Promise<{ apiKey: ApiKey; token: string }>;
  /** Notes its use, by the database's clock. */
  touch(id: string): Promise<void>;
}

export interface InviteRepository extends Credentials<Invite> {
  create(input: { email?: string | null; expiresAt: Date | null }): Promise<{ invite: Invite; token: string }>;
  /** CONFLICT when it was accepted, was revoked or has expired. */
  accept(id: string): Promise<Invite>;
}

export interface ConversationRepository {
  create(input: NewConversation): Promise<Conversation>;
  findById(id: string): Promise<Conversation | null>;
  getById(id: string): Promise<Conversation>;
  list(page?: PageRequest): Promise<Page<Conversation>>;
  update(id: string, version: number, changes: Partial<Pick<NewConversation, "title" | "metadata">>): Promise<Conversation>;
  /** With all its messages, each as MessageRepository.delete does. */
  delete(id: string, options?: { withFacts?: boolean }): Promise<Deletion>;
}

export interface StoredMessage {
  message: Message;
  /** False when the same source and external id had been stored before. */
  created: boolean;
}

export interface MessageFilters extends PageRequest {
  conversationId?: string | undefined;
  role?: MessageRole | undefined;
  source?: string | undefined;
  /** First instant. */
  from?: Date | undefined;
  /** First instant after. */
  to?: Date | undefined;
  order?: "newest" | "oldest" | undefined;
}

export interface MessageRepository {
  /** Verbatim, and once for each source and external id, however many send it at the same time. */
  store(input: NewMessage): Promise<StoredMessage>;
  /** The same for up to 500 in one statement; the answer is in the order of the input. */
  storeMany(inputs: readonly NewMessage[]): Promise<StoredMessage[]>;
  findById(id: string): Promise<Message | null>;
  getById(id: string): Promise<Message>;
  /** Ordered by the time they were sent. */
  list(filters?: MessageFilters): Promise<Page<Message>>;
  /** The nearest by meaning, best first, with their cosine similarity: exactly min(limit, how many have a vector and reach the threshold). */
  similaritySearch(search: VectorSearch): Promise<(Message & { score: number })[]>;
  setProcessingStatus(id: string, status: ProcessingStatus): Promise<Message>;
  /** Its facts stay and lose the link to it and the quote, unless `withFacts`. */
  delete(id: string, options?: { withFacts?: boolean }): Promise<Deletion>;
}

/** A time to look from: what was believed at an instant, and what was true at one (open ends hold for ever). */
export interface AtTime {
  asOf?: Date | undefined;
  validAt?: Date | undefined;
}

export interface FactFilters extends PageRequest, AtTime {
  factType?: FactType | undefined;
  /** As it is now, also together with `asOf`. */
  status?: FactStatus | undefined;
  entityId?: string | undefined;
  sourceMessageId?: string | undefined;
  /** Recorded from that instant on. */
  from?: Date | undefined;
  /** Recorded before that instant. */
  to?: Date | undefined;
}

export type FactChanges = Partial<Omit<NewFact, "recordedAt">> & {
  /** Why the old version no longer holds; "superseded" unless told. */
  reason?: Extract<OutdatedReason, "superseded" | "contradicted">;
};

export interface FactUpdate {
  fact: Fact;
  previous: Fact;
  /** Reminders that are timed by the fact and now hang on the new version: their times have to be computed anew. */
  reminderIds: string[];
}

export interface FactRepository {
  /** A quote must be a verbatim part of its source message; its offsets count UTF-16 units and are found when not given. */
  create(input: NewFact): Promise<Fact>;
  findById(id: string): Promise<Fact | null>;
  getById(id: string): Promise<Fact>;
  /** The version of a fact, whichever one is named, that was believed or true at a time. NOT_FOUND when none was. */
  getVersion(id: string, at: AtTime): Promise<Fact>;
  list(filters?: FactFilters): Promise<Page<Fact>>;
  /**
   * A new version in place of the one named, which stays as outdated. What is not given is carried over, entities too; a new content
   * drops the old quote. CONFLICT when that version is not the active one: of two updates at once exactly one wins. `at`: by the database's clock.
   */
  update(id: string, version: number, changes: FactChanges, at?: Date): Promise<FactUpdate>;
  /** Takes a fact back without another in its place. `reminderIds` are timed by it. */
  retract(
    id: string,
    version: number,
    reason?: Exclude<OutdatedReason, "superseded">,
    at?: Date,
  ): Promise<{ fact: Fact; reminderIds: string[] }>;
  /** A new version that says what the one before a correction said, or what was taken back; nothing is erased. CONFLICT when there is neither. */
  undo(id: string, version: number): Promise<FactUpdate>;
  /** Removes this version and closes the chain over the gap, or removes all versions. */
  delete(id: string, options?: { allVersions?: boolean }): Promise<Deletion>;
  /** The nearest active facts by meaning, best first, with their cosine similarity: exactly min(limit, how many have a vector and reach the threshold). */
  similaritySearch(search: VectorSearch): Promise<(Fact & { score: number })[]>;
  /** Every version, the oldest first, whichever one is named. */
  history(id: string): Promise<Fact[]>;
  /** That facts were given out for an answer. */
  recordUses(uses: readonly NewFactUse[]): Promise<void>;
  listUses(of: { factId: string } | { messageId: string }): Promise<FactUse[]>;
}

export interface EntityDeletionPreview {
  entity: Entity;
  /** Facts linked to nothing else: they go too. */
  factIds: string[];
  /** Facts linked to others as well: they stay. */
  keptFactIds: string[];
  reminderIds: string[];
}

/** What to forget: everything about an entity, or everything that holds these words next to each other. */
export type ForgetSelector = { entityId: string } | { words: string };

/** What there is to forget, with enough of it to decide by. */
export interface ForgetPreview {
  entities: { id: string; canonicalName: string }[];
  facts: { id: string; content: string }[];
  messages: { id: string; content: string }[];
  reminders: { id: string; title: string }[];
}

/** What a forgetting removed: ids that were the user's and are gone now. */
export interface Forgotten extends Deletion {
  entityIds: string[];
  reminderIds: string[];
}

export interface EntityRepository {
  create(input: NewEntity): Promise<Entity>;
  findById(id: string): Promise<Entity | null>;
  getById(id: string): Promise<Entity>;
  /** All that carry the name, canonical or alias, whatever its case; several may. */
  findByName(name: string): Promise<Entity[]>;
  /**
   * `search` is the beginning of a name or alias, whatever its case. `asOf`: those that were known then; `validAt`: those that a fact
   * tells of which was true then. Names and descriptions are those of today: an entity has no versions.
   */
  list(filters?: PageRequest & AtTime & { id?: string; search?: string | undefined; type?: EntityType | undefined }): Promise<Page<Entity>>;
  /** What each of these facts is about. */
  listByFacts(factIds: readonly string[]): Promise<{ factId: string; entity: Entity }[]>;
  update(id: string, version: number, changes: Partial<NewEntity>): Promise<Entity>;
  /** `fromId` becomes part of `intoId`: facts, reminders, names and descriptions move, the histories of both stay. */
  merge(intoId: string, fromId: string): Promise<Entity>;
  previewDelete(id: string): Promise<EntityDeletionPreview>;
  /** Facts that are linked to nothing else go too; the others lose the link. */
  delete(id: string): Promise<Deletion>;
  previewForget(selector: ForgetSelector): Promise<ForgetPreview>;
  /** Removes exactly these: what was previewed and confirmed. Ids that are gone already are no error. */
  forget(ids: { entityIds?: string[]; factIds?: string[]; messageIds?: string[]; reminderIds?: string[] }): Promise<Forgotten>;
}

export interface EventRepository {
  /**
   * Numbers and stores events. To be called last in a transaction: it holds the lock on the user's numbering until the end, which puts
   * numbers into the order of commits.
   */
  append(events: readonly NewEvent[]): Promise<void>;
  /** Events after a number, in order; up to 500. A reader goes on after the last number it got. */
  listAfter(seq: number, limit?: number): Promise<Event[]>;
  /** The number of the last event, 0 when there is none. */
  lastSeq(): Promise<number>;
}

export interface AuditLogRepository {
  append(entry: NewAuditEntry): Promise<AuditEntry>;
  list(filters?: PageRequest & { action?: string | undefined; resource?: string | undefined }): Promise<Page<AuditEntry>>;
}

/** Whether a request is the first with its key, or what the first was answered. */
export type IdempotencyOutcome = { kind: "first" } | { kind: "replay"; response: unknown };

export interface IdempotencyKeyRepository {
  /**
   * Takes a key for the rest of the transaction; a second request with it waits for the first to end. CONFLICT when the key was used for
   * another procedure or another input. An expired key is taken anew.
   */
  begin(input: { key: string; procedure: string; requestFingerprint: string; ttlSeconds: number }): Promise<IdempotencyOutcome>;
  complete(key: string, response: unknown): Promise<void>;
  /** Removes expired keys; returns how many. */
  deleteExpired(): Promise<number>;
}

export interface RateLimitRepository {
  /**
   * Counts one more request in the current window of a bucket of this user, by the database's clock. `bucket` names what is limited.
   * A refused request counts too. The count is part of the transaction: in one that rolls back it did not happen.
   */
  count(bucket: string, limits: { limit: number; windowSeconds: number; amount?: number }): Promise<RateLimitOutcome>;
  /** Removes windows that began more than a day ago, of everyone; returns how many. They hold hashes and numbers. */
  deleteExpired(): Promise<number>;
}

export interface RateLimitOutcome {
  allowed: boolean;
  remaining: number;
  /** When the window ends. */
  resetAt: Date;
}

export interface DialogStateRepository {
  /** What the assistant waits for at `now`: a question that is over its time counts as none. */
  get(now: Date): Promise<DialogStatus>;
  /** Asks: from now on the assistant waits for an answer, for 30 minutes. CONFLICT when the state is not at `version` any more. */
  set(version: number, context: DialogContext, now: Date): Promise<DialogStatus>;
  /** Waits for nothing any more. CONFLICT when the state is not at `version`: of two answers to one question one wins. */
  reset(version: number): Promise<void>;
}

export interface EvaluationRepository {
  create(input: NewEvaluation): Promise<Evaluation>;
  list(
    filters?: PageRequest & {
      messageId?: string | undefined;
      factId?: string | undefined;
      evalType?: EvalType | undefined;
      verdict?: EvalVerdict | undefined;
    },
  ): Promise<Page<Evaluation>>;
}

export interface InterestRepository {
  /** Messages of the user up to and with this id were scanned; null before the first scan. */
  cursor(): Promise<string | null>;
  /** How many messages of the role `user` came after the cursor. */
  countUnscanned(): Promise<number>;
  /** Moves the cursor from where it was read. CONFLICT when another scan moved it meanwhile. */
  advance(from: string | null, to: string): Promise<void>;
  /** Counts a mention of a topic, whatever its case, `at` an instant. The third promotes it; a dismissed one stays dismissed. */
  mention(topic: string, at: Date): Promise<InterestCandidate>;
  list(filters?: PageRequest & { status?: InterestCandidateStatus | undefined }): Promise<Page<InterestCandidate>>;
  /** The user's answer. CONFLICT when the candidate was answered before. */
  answer(id: string, answer: "confirmed" | "dismissed"): Promise<InterestCandidate>;
}

/** One month's tokens of a kind of call ("extraction", "embedding") with one model. */
export interface TokenBudget {
  /** Any instant of the month (UTC). */
  at: Date;
  kind: string;
  model: string;
}

export interface TokenUsageRepository {
  /** To be asked before a call. `remaining` is null without a quota. */
  check(budget: TokenBudget): Promise<{ allowed: boolean; used: number; remaining: number | null }>;
  /** Adds what a call used, after it; exact however many do so at once. */
  meter(budget: TokenBudget, tokens: number): Promise<TokenUsage>;
  /** Null lifts the quota. */
  setQuota(budget: TokenBudget, quotaLimit: number | null): Promise<TokenUsage>;
  /** All kinds and models of the month of an instant. */
  listMonth(at: Date): Promise<TokenUsage[]>;
}

export type { ChannelRepository } from "./channels.repository.ts";
export type { DeliveryRepository } from "./deliveries.repository.ts";
export type { OccurrenceRepository } from "./occurrences.repository.ts";
export type { ReminderChangeRepository } from "./reminder-changes.repository.ts";
export type { ReminderRepository } from "./reminders.repository.ts";
export type { WorkerLeaseRepository } from "./worker-leases.repository.ts";
export type { WorkerNodeRepository } from "./worker-nodes.repository.ts";
export type { WorkerStatsRepository } from "./worker-stats.repository.ts";
