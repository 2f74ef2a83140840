create table bookings (
  booking_id uuid primary key,
  show text not null,
  guest text not null,
  count int not null,
  status text not null default 'open'
);
