import {
  clockAt,
  createDeliveryRepository,
  createOccurrenceRepository,
  createReminderRepository,
  createUserRepository,
  type UserTransaction,
  withUser,
} from "@mema/db";
import { type ReminderInput, reminderInput } from "../services/reminder-definition.ts";
import { createReminder } from "../services/reminders.ts";
import { updateUser } from "../services/users.ts";
import { createTestApi, type TestApi } from "../testing.ts";
import { StepWorker } from "../testing-worker.ts";

/** One user's reminders and a worker that is taken step by step, at moments of the test's choice. */
export class ReminderStage {
  readonly api: TestApi;
  worker: StepWorker;
  userId = "";

  private constructor(api: TestApi) {
    this.api = api;
    this.worker = new StepWorker(api.services);
  }

  static async open(): Promise<ReminderStage> {
    return new ReminderStage(await createTestApi());
  }

  close(): Promise<void> {
    return this.api.close();
  }

  /** Empties the database and begins with one user. */
  async begin(timezone = "Europe/Berlin"): Promise<void> {
    await this.api.database.asOwner((owner) => owner.unsafe("truncate users cascade"));
    this.worker = new StepWorker(this.api.services);
    ({ userId: this.userId } = await this.api.createUser({ timezone }));
  }

  asUser<T>(body: (tx: UserTransaction) => Promise<T>): Promise<T> {
    return withUser(this.api.services.db, this.userId, body);
  }

  create(input: Partial<ReminderInput>, now: Date) {
    return this.asUser((tx) => createReminder(tx, reminderInput.parse({ title: "Buy bread", ...input }), clockAt(now)));
  }

  row(id: string) {
    return this.asUser((tx) => createReminderRepository(tx).getById(id));
  }

  /** Each occurrence with its state, the newest first. */
  history(reminderId: string): Promise<[string, string][]> {
    return this.asUser(async (tx) => {
      const { items } = await createOccurrenceRepository(tx).list({ filters: { reminderId }, limit: 100 });
      return items.map(({ occurrenceAt, status }) => [occurrenceAt.toISOString(), status]);
    });
  }

  deliveries(reminderId: string) {
    return this.asUser(async (tx) => (await createDeliveryRepository(tx).list({ filters: { reminderId }, limit: 100 })).items);
  }

  async moveTo(timezone: string, now: Date): Promise<void> {
    await this.asUser(async (tx) => {
      await updateUser(tx, (await createUserRepository(tx).get()).version, { timezone }, clockAt(now));
    });
  }
}
