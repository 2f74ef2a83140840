create table effects (n bigint generated always as identity, name text not null, note text not null, transaction text not null default pg_current_xact_id()::text);
