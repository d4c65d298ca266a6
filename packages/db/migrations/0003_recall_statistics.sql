-- Statement-level, so that storing 500 messages counts each word once.
CREATE FUNCTION "ops"."count_recall_documents"() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
begin
  insert into public.recall_statistics (user_id, document_count, total_length)
    select user_id, count(*), sum(length) from added group by user_id
  on conflict (user_id) do update set
    document_count = recall_statistics.document_count + excluded.document_count,
    total_length = recall_statistics.total_length + excluded.total_length;
  return null;
end $$;
--> statement-breakpoint
CREATE TRIGGER "recall_documents_added" AFTER INSERT ON "recall_documents"
  REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION "ops"."count_recall_documents"();
--> statement-breakpoint
CREATE FUNCTION "ops"."count_recall_terms"() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
begin
  insert into public.recall_terms (user_id, term, document_count)
    select user_id, term, count(*) from added group by user_id, term order by user_id, term
  on conflict (user_id, term) do update set document_count = recall_terms.document_count + excluded.document_count;
  return null;
end $$;
--> statement-breakpoint
CREATE TRIGGER "recall_postings_added" AFTER INSERT ON "recall_postings"
  REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION "ops"."count_recall_terms"();
--> statement-breakpoint
-- BEFORE and for each row, because a cascade deletes as the tables' owner, whom forced row-level security shows nothing: it is lifted
-- while the cascade runs, and no longer when AFTER triggers do (which since PostgreSQL 18 run as the owner, too).
CREATE FUNCTION "ops"."forget_recall_document"() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
declare
  forgotten text[];
begin
  update public.recall_statistics set document_count = document_count - 1, total_length = total_length - old.length
    where user_id = old.user_id;
  -- Without statistics the whole user is being deleted, whose rows go by themselves.
  if not found then
    return old;
  end if;
  with gone as (delete from public.recall_postings where user_id = old.user_id and document_id = old.id returning term)
    select array_agg(term) into forgotten from gone;
  update public.recall_terms set document_count = document_count - 1
    where user_id = old.user_id and term = any(forgotten collate "C");
  -- A forgotten word must not live on in the statistics.
  delete from public.recall_terms where user_id = old.user_id and term = any(forgotten collate "C") and document_count <= 0;
  return old;
end $$;
--> statement-breakpoint
CREATE TRIGGER "recall_documents_removed" BEFORE DELETE ON "recall_documents"
  FOR EACH ROW EXECUTE FUNCTION "ops"."forget_recall_document"();
