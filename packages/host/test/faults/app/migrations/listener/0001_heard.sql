-- Without a key but the order of effects: what happened twice must show.
create table heard (
  id bigint generated always as identity primary key,
  source text not null,
  transfer_id uuid not null,
  account text not null,
  number int not null
);
