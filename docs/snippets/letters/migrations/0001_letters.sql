create table letters (
  id bigint generated always as identity primary key,
  booking_id uuid not null,
  text text not null
);
