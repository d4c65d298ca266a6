import { type Catalog, type Constraint, type Index, ofTable, qualified, type Relation, tenantColumn, tenantTables } from "./catalog.ts";
import type { Rule, Violation } from "./rule.ts";

const eachTable =
  (judge: (table: Relation, catalog: Catalog) => Violation[]): Rule["violations"] =>
  (catalog) =>
    tenantTables(catalog).flatMap((table) => judge(table, catalog));

const foreignKeys = (table: Relation, catalog: Catalog): Constraint[] =>
  catalog.constraints.filter((constraint) => constraint.kind === "f" && ofTable(table)(constraint));
const nameOf = (constraint: { schema: string; table: string; name: string }) =>
  `${constraint.schema}.${constraint.table}.${constraint.name}`;

/** user_id of the row is compared with user_id of the parent, at the same place of both lists. */
function isAligned({ columns, target, targetColumns }: Constraint): boolean {
  const at = columns.indexOf("user_id");
  return at >= 0 && targetColumns[at] === (target === "public.users" ? "id" : "user_id") && (target ?? "").startsWith("public.");
}

const sameColumns = (a: readonly (string | null)[], b: readonly string[]) =>
  a.length === b.length && b.every((column) => a.includes(column));

/** A key's look-up is for rows that have it: an index of just those serves it as well. */
const covers = ({ predicate }: Index, { columns }: Constraint) =>
  predicate === null || columns.some((column) => predicate === `(${column} IS NOT NULL)`);

export const keyRules: Rule[] = [
  {
    name: "primary_key",
    violations: (catalog) => [
      ...eachTable((table) => {
        const key = catalog.constraints.find((constraint) => constraint.kind === "p" && ofTable(table)(constraint));
        if (key?.columns[0] === tenantColumn(table.name)) return [];
        return [{ object: qualified(table), remedy: `Give it a primary key that begins with ${tenantColumn(table.name)}.` }];
      })(catalog),
      ...catalog.relations
        .filter((relation) => relation.schema === "ops" && relation.kind === "r")
        .filter((table) => !catalog.constraints.some((constraint) => constraint.kind === "p" && ofTable(table)(constraint)))
        .map((table) => ({ object: qualified(table), remedy: "Give it a primary key." })),
    ],
  },
  {
    name: "foreign_key_tenant",
    violations: eachTable((table, catalog) =>
      foreignKeys(table, catalog)
        .filter((key) => !isAligned(key))
        .map((key) => ({
          object: nameOf(key),
          remedy:
            "Declare it with tenantReference(): (user_id, x_id) -> x (user_id, id). Otherwise a row can hang on another user's parent.",
        })),
    ),
  },
  {
    name: "foreign_key_user",
    violations: eachTable((table, catalog) => {
      if (table.name === "users") return [];
      const found = foreignKeys(table, catalog).some(
        (key) => key.target === "public.users" && String(key.columns) === "user_id" && key.onDelete === "c",
      );
      return found ? [] : [{ object: qualified(table), remedy: "Add foreign key (user_id) references users (id) on delete cascade." }];
    }),
  },
  {
    name: "foreign_key_set_null",
    violations: eachTable((table, catalog) =>
      foreignKeys(table, catalog)
        .filter((key) => key.onDelete === "n" || key.onDelete === "d")
        .map((key) => ({
          object: nameOf(key),
          remedy: "It would clear user_id as well: use cascade or no action, and clear the link in code.",
        })),
    ),
  },
  {
    name: "constraint_effective",
    violations: (catalog) => [
      ...catalog.constraints
        .filter((constraint) => !constraint.effective)
        .map((constraint) => ({
          object: nameOf(constraint),
          remedy: `alter table ${constraint.schema}.${constraint.table} validate constraint ${constraint.name}.`,
        })),
      ...catalog.disabledTriggers.map(({ table, trigger }) => ({
        object: `${table}.${trigger}`,
        remedy: `alter table ${table} enable trigger all: foreign keys are triggers, and a disabled one is not checked.`,
      })),
    ],
  },
  {
    name: "unique_tenant",
    violations: eachTable((table, catalog) =>
      catalog.indexes
        .filter((index) => index.unique && ofTable(table)(index) && !index.columns.includes(tenantColumn(table.name)))
        .map((index) => ({
          object: nameOf(index),
          remedy: "Put user_id into it: otherwise one user's value is refused because another user has it, which tells of it.",
        })),
    ),
  },
  {
    name: "index_tenant",
    violations: eachTable((table, catalog) => {
      const found = catalog.indexes.some(
        (index) =>
          ofTable(table)(index) &&
          index.method === "btree" &&
          index.predicate === null &&
          index.valid &&
          index.columns[0] === tenantColumn(table.name),
      );
      return found ? [] : [{ object: qualified(table), remedy: `Add an index that begins with ${tenantColumn(table.name)}.` }];
    }),
  },
  {
    name: "index_foreign_key",
    violations: eachTable((table, catalog) =>
      foreignKeys(table, catalog)
        .filter(
          (key) =>
            !catalog.indexes.some(
              (index) =>
                ofTable(table)(index) &&
                covers(index, key) &&
                index.valid &&
                sameColumns(index.columns.slice(0, key.columns.length), key.columns),
            ),
        )
        .map((key) => ({ object: nameOf(key), remedy: `Add an index that begins with (${key.columns.join(", ")}).` })),
    ),
  },
  {
    name: "index_duplicate",
    violations: (catalog) => {
      const first = new Map<string, string>();
      return catalog.indexes
        .toSorted((a, b) => Number(b.unique) - Number(a.unique) || a.name.localeCompare(b.name))
        .flatMap((index) => {
          const twin = first.get(index.definition);
          if (twin === undefined) first.set(index.definition, index.name);
          return twin === undefined ? [] : [{ object: nameOf(index), remedy: `Drop it: ${twin} is the same index.` }];
        });
    },
  },
  {
    name: "index_valid",
    violations: (catalog) =>
      catalog.indexes
        .filter((index) => !index.valid)
        .map((index) => ({ object: nameOf(index), remedy: `reindex index ${index.schema}.${index.name}: its building was interrupted.` })),
  },
];
