CREATE SCHEMA "ops";
--> statement-breakpoint
-- A time-ordered id (UUIDv7, RFC 9562) for rows that are not written through the application: milliseconds in front, the rest random.
CREATE FUNCTION "ops"."uuid_v7"() RETURNS uuid LANGUAGE sql VOLATILE PARALLEL SAFE AS $$
  select encode(
    set_bit(
      set_bit(
        overlay(
          uuid_send(gen_random_uuid())
          placing substring(int8send(floor(extract(epoch from clock_timestamp()) * 1000)::bigint) from 3)
          from 1 for 6
        ),
        52, 1
      ),
      53, 1
    ),
    'hex'
  )::uuid
$$;
