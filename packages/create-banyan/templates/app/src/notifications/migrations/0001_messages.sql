create table messages (
  message_id text primary key,
  email text not null,
  text text not null,
  read boolean not null default false
);
create index messages_email on messages (email);
