/**
 * Version 3: progress moves only on the timeline of the server on which its lanes were claimed. A process that goes on
 * over a failover may hold events in memory that the new server lost with the log; it must claim again, and look at the
 * log, before it commits their effects (L4).
 */
export const timeline = /* sql */ `
alter table banyan_progress add column if not exists timeline text;

-- The timeline that this server writes now: changed by a failover, and by a restoration to a point in time. Asked of the
-- name of the file that is written, since the control file tells it only after the next checkpoint.
create or replace function banyan_timeline() returns text language plpgsql stable as $$
begin
  return substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8);
exception when insufficient_privilege or feature_not_supported or undefined_function then
  return 'unknown';
end $$;

create or replace function banyan_incarnation() returns text language sql stable as $$
  select incarnation || ':' || banyan_timeline() from banyan_meta
$$;

-- A row without a timeline was claimed by a process of an older release.
create or replace function banyan_advance(
  of_subscription text, of_source text, lanes smallint[], froms bigint[], tos bigint[], epochs bigint[]
) returns void language plpgsql as $$
declare
  moved int;
  now_on text := banyan_timeline();
begin
  update banyan_progress p set position = s.target
  from unnest(lanes, froms, tos, epochs) as s (lane, origin, target, epoch)
  where p.subscription = of_subscription and p.source = of_source and p.lane = s.lane
    and p.position = s.origin and p.epoch = s.epoch and coalesce(p.timeline, now_on) = now_on;
  get diagnostics moved = row_count;
  if moved <> cardinality(lanes) then
    raise exception using errcode = 'BY003', message = 'fenced';
  end if;
end $$;
`
