create table shows (
  show text primary key,
  seats_left int not null check (seats_left >= 0)
);
create table holds (
  booking_id uuid primary key,
  show text not null references shows,
  count int not null
);
insert into shows values ('Hamlet', 100), ('Cats', 2);
