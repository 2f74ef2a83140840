/**
 * Version 4: the streams of aggregates, which are the module's own state and apart from the log of what it publishes.
 * Keys and tags are compared byte by byte, whatever the collation of the database.
 */
export const streams = /* sql */ `
create table banyan_streams (
  aggregate text collate "C" not null,
  key text collate "C" not null,
  version int not null check (version > 0),
  type text collate "C" not null,
  schema int not null,
  data json not null,
  at bigint not null,
  context json not null,
  tags text[] collate "C",
  primary key (aggregate, key, version)
);

create table banyan_snapshots (
  aggregate text collate "C" not null,
  key text collate "C" not null,
  version int not null,
  evolution int not null,
  state json not null,
  at bigint not null,
  primary key (aggregate, key)
);

-- How many events carry a tag. Locked by who appends one, and by who decided on what it found.
create table banyan_tags (
  tag text collate "C" primary key,
  position bigint not null
) with (fillfactor = 50);

-- Drawn while all tags of the event are locked: in the order of commits among events with a tag in common.
create sequence banyan_tag_order;

create table banyan_tagged (
  tag text collate "C" not null,
  position bigint not null,
  sequence bigint not null,
  aggregate text collate "C" not null,
  key text collate "C" not null,
  version int not null,
  primary key (tag, position)
);

-- A list of texts as JSON: arrays of arrays would have to be of one length.
create function banyan_texts(list text) returns text[] language sql immutable parallel safe as $$
  select coalesce(array_agg(element collate "C"), '{}') from json_array_elements_text(list::json) element
$$;

-- Tags with how many events are appended with each, 0 for those that were only decided on. One pass, ascending, also
-- over those that no event had before: two that each waited for a tag of the other would never end. Each statement here
-- has a snapshot of its own, so the look at the conditions sees whatever was committed before the locks were had (BY004).
create function banyan_guard_tags(
  tags text[], counts int[],
  condition_tags text[], condition_afters bigint[], condition_lists text[], condition_types text[],
  event_count int, tagged_events int[], tagged_tags text[], tagged_ranks int[], tagged_aggregates text[],
  tagged_keys text[], tagged_versions int[]
) returns void language plpgsql as $$
declare
  sequences bigint[];
begin
  insert into banyan_tags as t (tag, position)
  select l.tag, l.count from unnest(tags, counts) as l (tag, count) order by l.tag collate "C"
  on conflict (tag) do update set position = t.position + excluded.position;
  if exists (
    select from unnest(condition_tags, condition_afters, condition_lists, condition_types) as c (tag, after, list, types)
    join banyan_tagged m on m.tag = c.tag collate "C" and m.position > c.after
    join banyan_streams e on e.aggregate = m.aggregate and e.key = m.key and e.version = m.version
    where e.tags @> banyan_texts(c.list) and (e.aggregate || '.' || e.type) = any (banyan_texts(c.types))
  ) then
    raise exception using errcode = 'BY004', message = 'an event was added to what was decided on';
  end if;
  if event_count = 0 then
    return;
  end if;
  sequences := array(select nextval('banyan_tag_order') from generate_series(1, event_count));
  insert into banyan_tagged (tag, position, sequence, aggregate, key, version)
  select t.tag, t.position - l.count + e.rank, sequences[e.event], e.aggregate, e.key, e.version
  from unnest(tagged_events, tagged_tags, tagged_ranks, tagged_aggregates, tagged_keys, tagged_versions)
    as e (event, tag, rank, aggregate, key, version)
  join unnest(tags, counts) as l (tag, count) on l.tag = e.tag
  join banyan_tags t on t.tag = e.tag collate "C";
end $$;
`
