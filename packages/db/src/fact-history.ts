import { and, gt, isNull, lte, or, type SQL, sql } from "drizzle-orm";
import type { UserTransaction } from "./connection/access.ts";
import type { AtTime } from "./interfaces.ts";
import { facts } from "./schema/index.ts";

/** The ids of all versions in the chains that these facts belong to, the oldest of a chain first. */
export async function versionIds(tx: UserTransaction, ids: readonly string[]): Promise<string[]> {
  if (ids.length === 0) return [];
  const rows = await tx.execute<{ id: string }>(sql`
    with recursive back as (
      select f.id, f.previous_version_id as previous from ${facts} f where f.user_id = ${tx.userId} and f.id = any(${`{${ids.join(",")}}`}::uuid[])
      union
      select f.id, f.previous_version_id from back b join ${facts} f on f.user_id = ${tx.userId} and f.id = b.previous
    ), forth as (
      select id, 0 as depth from back where previous is null
      union all
      select f.id, o.depth + 1 from forth o join ${facts} f on f.user_id = ${tx.userId} and f.previous_version_id = o.id
    )
    select id from forth order by depth, id`);
  return rows.map(({ id }) => id);
}

/** That a version of a fact was believed at `asOf` and true at `validAt`, each only if given. */
export const wasSo = ({ asOf, validAt }: AtTime): SQL | undefined =>
  and(
    asOf === undefined ? undefined : and(lte(facts.recordedAt, asOf), or(isNull(facts.supersededAt), gt(facts.supersededAt, asOf))),
    validAt === undefined
      ? undefined
      : and(or(isNull(facts.validFrom), lte(facts.validFrom, validAt)), or(isNull(facts.validTo), gt(facts.validTo, validAt))),
  );
