create table balances (
  customer text primary key,
  points integer not null check (points >= 0)
);
