/**
 * Version 2: a takeover ends all that the old owner has open and not only the session of its lease, and later calls are
 * added by a function, so that a transaction of a host can add them as the module's role.
 */
export const takeover = /* sql */ `
-- Ends a process that stopped renewing: its lease session, and those of its sessions with this module that stand still
-- within a transaction, whose rows would be locked until they time out. All carry the process's mark at the end of their
-- name. Still for half the time of a lease: a healthy process that lost nothing but the way of its lease session has
-- given the lease up itself by then, and what it has under way moves, so none of its commands is ended. A statement that
-- the server itself works on is left as well. No superuser is needed: a role may end the sessions of its own.
create function banyan_end_owner(owner int, stale_ms bigint) returns void language plpgsql as $$
begin
  perform pg_terminate_backend(a.pid)
  from pg_stat_activity o
  join pg_stat_activity a on a.usesysid = o.usesysid and a.datname = o.datname
    and right(a.application_name, 8) = right(o.application_name, 8)
  where o.pid = owner and a.pid <> owner and a.pid <> pg_backend_pid() and a.xact_start is not null
    and o.application_name ~ '^banyan .* [0-9a-f]{8}$'
    and a.state_change < clock_timestamp() - stale_ms / 2 * interval '1 millisecond'
    and (a.state <> 'active' or a.wait_event_type in ('Client', 'Lock'));
  perform pg_terminate_backend(owner, 5000);
end $$;

-- A session is alive when the server lists it with the same start; process ids are used again, starts are not.
create or replace function banyan_acquire(of_name text, blocks smallint[], stale_ms bigint)
returns table (block smallint, epoch bigint) language plpgsql as $$
#variable_conflict use_column
declare
  mine timestamptz := (select backend_start from pg_stat_activity where pid = pg_backend_pid());
  lease banyan_leases;
begin
  insert into banyan_leases (name, block) select of_name, b from unnest(blocks) b order by b on conflict do nothing;
  for lease in
    select l.* from banyan_leases l where l.name = of_name and l.block = any (blocks)
    order by l.block for update skip locked
  loop
    if lease.owner_pid = pg_backend_pid() and lease.owner_started = mine then
      continue;
    end if;
    if exists (select from pg_stat_activity a where a.pid = lease.owner_pid and a.backend_start = lease.owner_started) then
      if lease.renewed_at > clock_timestamp() - stale_ms * interval '1 millisecond' then
        continue;
      end if;
      perform banyan_end_owner(lease.owner_pid, stale_ms);
    end if;
    update banyan_leases l
    set epoch = l.epoch + 1, owner_pid = pg_backend_pid(), owner_started = mine, renewed_at = clock_timestamp()
    where l.name = of_name and l.block = lease.block;
  end loop;
  return query
    select l.block, l.epoch from banyan_leases l
    where l.name = of_name and l.owner_pid = pg_backend_pid() and l.owner_started = mine
    order by l.block;
end $$;

create function banyan_add_jobs(
  ids uuid[], modules text[], operations text[], inputs text[], run_ats bigint[], contexts text[]
) returns void language plpgsql as $$
begin
  insert into banyan_jobs (id, module, operation, input, run_at, context)
  select j.id, j.module, j.operation, j.input::json, j.run_at, j.context::json
  from unnest(ids, modules, operations, inputs, run_ats, contexts) as j (id, module, operation, input, run_at, context);
end $$;
`
