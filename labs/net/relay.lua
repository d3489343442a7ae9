-- What several nodes that are one broker share, in a Redis or Valkey server. Each call is one step that nothing comes
-- between: ARGV is a verb, the node that asks, and what relay.py says beside the verb of the same name. `L` are the limits.
--
-- A node hears through its inbox, a stream: what is for it, in the order in which it happened here, which is therefore the
-- same on all nodes. A node's lease is renewed by it; when that has ended, any other node gives back what it held.
--
--   seq            hash: destination -> the latest sequence number     meta    hash: epoch, floor and sums
--   nodes          zset: node -> end of its lease                      in:N    stream: the inbox of node N
--   node:N         hash: bytes in the inbox                            op:N    the latest numbered step of N
--   i:D            set: nodes that listen to topic D                   patterns, qpatterns   sets of nodes
--   t:D, tb, tz    stream: what is replayed of topic D; bytes by topic; topics by time of the latest message
--   queues         set of all                                          w:D     zset: numbers of what waits in queue D
--   m:D, n:D       hashes: number -> message; number -> tries so far   r:D     list: consumers whose turn it is
--   credit         hash: consumer -> how many more it may have         p:C     set: what consumer C has ("number queue")
--   d:C, s:C       sets: queues of C; those that passed it by          subs:N, topics:N   what N has here
--   users:N, addresses:N   hashes: session of N -> user, address       u:U, a:A, sess      hashes: session -> node
--   k:U, ko idempotency keys; zset: who has some

local P = 'ws-tutor:'
local call = redis.call
local clock = call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local verb, node = ARGV[1], ARGV[2]

local function whole(number) return string.format('%.0f', number) end

local function meta(name) return tonumber(call('HGET', P .. 'meta', name) or 0) end

local function add(name, number) return call('HINCRBY', P .. 'meta', name, number) end

-- Inboxes and interest.

local function drop_interest(of)
  for _, topic in ipairs(call('SMEMBERS', P .. 'topics:' .. of)) do call('SREM', P .. 'i:' .. topic, of) end
  call('DEL', P .. 'topics:' .. of)
  call('SREM', P .. 'patterns', of)
end

local function push(to, entry)
  call('XADD', P .. 'in:' .. to, '*', 'e', entry)
  return call('HINCRBY', P .. 'node:' .. to, 'bytes', #entry)
end

local function is_full(to) return tonumber(call('HGET', P .. 'node:' .. to, 'bytes') or 0) > L.inbox end

-- A node that does not keep up hears no topic any more; it listens anew when it has come that far, with its last number.
local function push_topic(to, entry)
  if push(to, entry) > L.inbox then
    drop_interest(to)
    push(to, '{"cut":1}\n')
  end
end

-- Sequence numbers. A destination that was forgotten and comes back must not give out a number again.

local function forget_one()
  for _, each in ipairs(call('HRANDFIELD', P .. 'seq', 50)) do
    local used = call('EXISTS', P .. 't:' .. each, P .. 'i:' .. each, P .. 'm:' .. each, P .. 'r:' .. each)
    if used == 0 then
      local number = tonumber(call('HGET', P .. 'seq', each))
      if number > meta('floor') then call('HSET', P .. 'meta', 'floor', number) end
      call('HDEL', P .. 'seq', each)
      call('SREM', P .. 'queues', each)
      return true
    end
  end
  return false
end

local function has_room_for(destination)
  if call('HEXISTS', P .. 'seq', destination) == 1 then return true end
  return call('HLEN', P .. 'seq') < 2 * L.destinations or forget_one()
end

local function know(destination)
  call('HSETNX', P .. 'seq', destination, meta('floor'))
end

local function next_number(destination)
  local number = call('HINCRBY', P .. 'seq', destination, 1)
  if number > 1 then return number end
  return call('HINCRBY', P .. 'seq', destination, meta('floor'))
end

-- Topics.

local function size_of(entries) return #entries[1][2][2] end

local function forget_topic(topic)
  add('replay', -tonumber(call('HGET', P .. 'tb', topic) or 0))
  call('HDEL', P .. 'tb', topic)
  call('ZREM', P .. 'tz', topic)
  call('DEL', P .. 't:' .. topic)
end

local function trim_topic(topic)
  local stream = P .. 't:' .. topic
  local bytes, length = tonumber(call('HGET', P .. 'tb', topic) or 0), call('XLEN', stream)
  while length > 0 do
    local first = call('XRANGE', stream, '-', '+', 'COUNT', 1)
    local born = tonumber(first[1][1]:match('-(%d+)$'))
    if length <= L.replay_messages and bytes <= L.replay_bytes and now - born <= L.replay_ms then break end
    call('XDEL', stream, first[1][1])
    bytes, length = bytes - size_of(first), length - 1
    call('HINCRBY', P .. 'tb', topic, -size_of(first))
    add('replay', -size_of(first))
  end
end

local function keep(topic, number, entry)
  call('XADD', P .. 't:' .. topic, whole(number) .. '-' .. whole(now), 'e', entry)
  local bytes, all = call('HINCRBY', P .. 'tb', topic, #entry), add('replay', #entry)
  call('ZADD', P .. 'tz', now, topic)
  if bytes > L.replay_bytes or number % 64 == 0 then trim_topic(topic) end -- who reads it trims it too
  while all > L.replay_stored do
    forget_topic(call('ZRANGE', P .. 'tz', 0, 0)[1])
    all = meta('replay')
  end
end

local function publish_topic(topic, rest)
  local number = next_number(topic)
  local entry = '{"s":' .. whole(number) .. ',' .. rest
  keep(topic, number, entry)
  local hearing = call('SUNION', P .. 'i:' .. topic, P .. 'patterns')
  for _, each in ipairs(hearing) do push_topic(each, entry) end
end

-- Queues.

local publish_queue

local OVERHEAD = 100 -- bytes that a message costs beside itself, roughly

local function waits(queue, number)
  call('ZADD', P .. 'w:' .. queue, number, number)
  add('waiting', 1)
end

local function waits_no_more(queue, number)
  call('ZREM', P .. 'w:' .. queue, number)
  add('waiting', -1)
end

-- What waits, and what is with a consumer that has not acknowledged it, takes room until it is struck out.
local function store(queue, number, payload)
  call('HSET', P .. 'm:' .. queue, number, payload)
  add('stored', #payload + OVERHEAD)
end

local function strike(queue, number)
  local size = call('HSTRLEN', P .. 'm:' .. queue, number)
  if size == 0 then return end
  add('stored', -size - OVERHEAD)
  call('HDEL', P .. 'm:' .. queue, number)
  call('HDEL', P .. 'n:' .. queue, number)
end

-- Set aside what could not be delivered. When there are too many the oldest goes.
local function dead_letter(queue, number, payload, reason)
  strike(queue, number)
  if queue == L.dead_letters then return end
  local split = payload:find('\n', 1, true)
  local message = cjson.decode('{' .. payload:sub(14, split - 1))
  local headers = {{'original-destination', message.d}, {'reason', reason}}
  for _, header in ipairs(message.h) do headers[#headers + 1] = header end
  message.d, message.h = L.dead_letters, headers
  local letters = P .. 'w:' .. L.dead_letters
  if call('ZCARD', letters) >= L.queue_messages then
    local oldest = call('ZRANGE', letters, 0, 0)[1]
    waits_no_more(L.dead_letters, oldest)
    strike(L.dead_letters, oldest)
  end
  add('dead', 1)
  publish_queue(L.dead_letters, cjson.encode(message):sub(2) .. payload:sub(split))
end

local function give(consumer, queue, number, payload)
  local tries = 1 + tonumber(call('HGET', P .. 'n:' .. queue, number) or 0)
  call('SADD', P .. 'p:' .. consumer, number .. ' ' .. queue)
  local entry = '{"q":"' .. consumer .. '","n":' .. tries .. ',"s":' .. number .. ',' .. payload:sub(14)
  push(consumer:match('^[^/]+'), entry)
end

-- A consumer is in r:D, or has left it for s:C when it was its turn and it had no credit.
local function next_consumer(queue)
  local ready = P .. 'r:' .. queue
  while true do
    local consumer = call('LPOP', ready)
    if not consumer then return nil end
    if tonumber(call('HGET', P .. 'credit', consumer) or 0) > 0 then
      call('RPUSH', ready, consumer)
      call('HINCRBY', P .. 'credit', consumer, -1)
      return consumer
    end
    call('SADD', P .. 's:' .. consumer, queue)
  end
end

local function dispatch(queue)
  while true do
    local number = call('ZRANGE', P .. 'w:' .. queue, 0, 0)[1]
    if not number then return end
    local payload = call('HGET', P .. 'm:' .. queue, number)
    if now - tonumber(payload:sub(1, 13)) > L.queue_ms then
      waits_no_more(queue, number)
      add('expired', 1)
      dead_letter(queue, number, payload, 'expired')
    else
      local consumer = next_consumer(queue)
      if not consumer then return end
      waits_no_more(queue, number)
      give(consumer, queue, number, payload)
    end
  end
end

local function know_queue(queue)
  if call('SADD', P .. 'queues', queue) == 1 then
    for _, each in ipairs(call('SMEMBERS', P .. 'qpatterns')) do
      push(each, '{"m":' .. cjson.encode(queue) .. '}\n')
    end
  end
end

publish_queue = function(queue, rest)
  local number = whole(next_number(queue))
  local payload = whole(now) .. rest
  know_queue(queue)
  store(queue, number, payload)
  if call('EXISTS', P .. 'w:' .. queue) == 0 then
    local consumer = next_consumer(queue)
    if consumer then return give(consumer, queue, number, payload) end
  end
  waits(queue, number)
  dispatch(queue)
end

-- Back to where it came from; `tried`: it had reached its consumer.
local function give_back(queue, number, tried, touched)
  local payload = call('HGET', P .. 'm:' .. queue, number)
  if not payload then return end
  local tries = tried and call('HINCRBY', P .. 'n:' .. queue, number, 1) or 0
  if tries >= L.tries and queue ~= L.dead_letters then
    dead_letter(queue, number, payload, 'not acknowledged')
  else
    waits(queue, number)
    touched[queue] = true
  end
end

local function dispatch_all(touched)
  for queue in pairs(touched) do dispatch(queue) end
end

local function allow(consumer, more)
  if call('HEXISTS', P .. 'credit', consumer) == 0 then return end
  if call('HINCRBY', P .. 'credit', consumer, more) <= 0 then return end
  local starved = call('SMEMBERS', P .. 's:' .. consumer)
  call('DEL', P .. 's:' .. consumer)
  for _, queue in ipairs(starved) do
    call('RPUSH', P .. 'r:' .. queue, consumer)
    dispatch(queue)
  end
end

-- It competes no more; what it has it keeps.
local function retire(consumer)
  for _, queue in ipairs(call('SMEMBERS', P .. 'd:' .. consumer)) do call('LREM', P .. 'r:' .. queue, 0, consumer) end
  call('DEL', P .. 'd:' .. consumer, P .. 's:' .. consumer)
  call('HDEL', P .. 'credit', consumer)
end

local function parse_held(held) return held:match('^(%d+) (.*)$') end

local function take_all(consumer, tried, touched)
  for _, held in ipairs(call('SMEMBERS', P .. 'p:' .. consumer)) do
    local number, queue = parse_held(held)
    give_back(queue, number, tried, touched)
  end
  call('DEL', P .. 'p:' .. consumer)
end

-- Nodes.

local function leave_users(of)
  local sessions = call('HGETALL', P .. 'users:' .. of)
  for i = 1, #sessions, 2 do
    call('HDEL', P .. 'sess', sessions[i])
    call('HDEL', P .. 'u:' .. sessions[i + 1], sessions[i])
  end
  local addresses = call('HGETALL', P .. 'addresses:' .. of)
  for i = 1, #addresses, 2 do call('HDEL', P .. 'a:' .. addresses[i + 1], addresses[i]) end
  call('DEL', P .. 'users:' .. of, P .. 'addresses:' .. of)
end

local function expel(of)
  local touched, consumers = {}, call('SMEMBERS', P .. 'subs:' .. of)
  for _, consumer in ipairs(consumers) do retire(consumer) end
  for _, consumer in ipairs(consumers) do take_all(consumer, true, touched) end
  drop_interest(of)
  leave_users(of)
  call('SREM', P .. 'qpatterns', of)
  call('ZREM', P .. 'nodes', of)
  call('DEL', P .. 'subs:' .. of, P .. 'in:' .. of, P .. 'node:' .. of)
  dispatch_all(touched)
end

local function is_admitted() return call('ZSCORE', P .. 'nodes', node) ~= false end

-- Publishing.

local function nodes_of(name)
  if call('EXISTS', P .. 'u:' .. name) == 1 then return call('HVALS', P .. 'u:' .. name) end
  return {call('HGET', P .. 'sess', name) or nil}
end

-- A part is what one SEND comes to. One that has an idempotency key is published once.
local function seen(part)
  if part.key == '' then return false end
  local at = call('ZSCORE', P .. 'k:' .. part.owner, part.key)
  return at and now - tonumber(at) <= L.idempotency_ms
end

-- Why a post cannot be published now. `counts`: of the messages before it, by queue; `bytes`: of them and it.
local function why_not(post, counts, bytes)
  if post.kind == 'u' then
    for _, each in ipairs(nodes_of(post.name)) do
      if is_full(each) then return 'busy' end
    end
    return nil
  end
  if post.name ~= '' and call('HEXISTS', P .. 'sess', post.name) == 1 then return 'owned' end
  if not has_room_for(post.to) then return 'destinations' end
  if post.kind == 'q' then
    counts[post.to] = (counts[post.to] or 0) + 1
    if call('ZCARD', P .. 'w:' .. post.to) + counts[post.to] > L.queue_messages then return 'queue' end
    if meta('stored') + bytes > L.stored_bytes then return 'stored' end
  end
end

-- A group is published whole or not at all: the reason against it, and the destination that this is about.
local function refusal(group)
  local counts, bytes = {}, 0
  for _, part in ipairs(group) do
    if not seen(part) then
      for _, post in ipairs(part.posts) do
        bytes = bytes + #post.rest + OVERHEAD
        local why = why_not(post, counts, bytes)
        if why then return why, post.to end
      end
    end
  end
end

local function publish_user(name, rest)
  local told = {}
  for _, each in ipairs(nodes_of(name)) do
    if not told[each] then push(each, '{' .. rest) end
    told[each] = true
  end
end

local function remember(part)
  if part.key == '' then return end
  local keys = P .. 'k:' .. part.owner
  local before = call('ZCARD', keys)
  call('ZADD', keys, now, part.key)
  call('ZREMRANGEBYSCORE', keys, '-inf', now - L.idempotency_ms)
  call('ZREMRANGEBYRANK', keys, 0, -1 - L.idempotency_keys)
  call('ZADD', P .. 'ko', now, part.owner)
  local total = add('keys', call('ZCARD', keys) - before)
  while total > L.idempotency_stored do
    local oldest = call('ZPOPMIN', P .. 'ko')[1]
    total = add('keys', -call('ZCARD', P .. 'k:' .. oldest))
    call('DEL', P .. 'k:' .. oldest)
  end
end

local function publish_part(part)
  for _, post in ipairs(part.posts) do
    if post.kind == 't' then publish_topic(post.to, post.rest)
    elseif post.kind == 'q' then publish_queue(post.to, post.rest)
    else publish_user(post.name, post.rest) end
  end
end

local function publish(group)
  for _, part in ipairs(group) do
    if not seen(part) then
      publish_part(part)
      remember(part)
    end
  end
end

-- The verbs.

local at = 2
local function take()
  at = at + 1
  return ARGV[at]
end
local function take_number() return tonumber(take()) end

local function take_marks()
  local marks = {}
  for _ = 1, take_number() do marks[#marks + 1] = {consumer = take(), queue = take(), number = take()} end
  return marks
end

local function take_part()
  local part = {owner = take(), key = take(), posts = {}}
  for _ = 1, take_number() do
    part.posts[#part.posts + 1] = {kind = take(), to = take(), name = take(), rest = take()}
  end
  return part
end

local function take_groups()
  local groups = {}
  for _ = 1, take_number() do
    local group = {}
    for _ = 1, take_number() do group[#group + 1] = take_part() end
    groups[#groups + 1] = group
  end
  return groups
end

local function holds(mark) return call('SREM', P .. 'p:' .. mark.consumer, mark.number .. ' ' .. mark.queue) == 1 end

local function settle(settled, returned)
  local more, touched = {}, {}
  for _, mark in ipairs(settled) do
    if holds(mark) then strike(mark.queue, mark.number) end
    more[mark.consumer] = (more[mark.consumer] or 0) + 1
  end
  for _, mark in ipairs(returned) do
    if holds(mark) then give_back(mark.queue, mark.number, true, touched) end
    more[mark.consumer] = (more[mark.consumer] or 0) + 1
  end
  dispatch_all(touched)
  for consumer, count in pairs(more) do allow(consumer, count) end
end

local function bounce(marks)
  local touched = {}
  for _, mark in ipairs(marks) do
    if holds(mark) then give_back(mark.queue, mark.number, false, touched) end
  end
  dispatch_all(touched)
end

-- Where in the inbox the answer belongs.
local function mark_place(place)
  if place ~= '' then push(node, '{"a":"' .. place .. '"}\n') end
end

-- A step is done once, even when its answer was lost and it comes again.
local function is_repeat(number)
  return number <= tonumber(call('GET', P .. 'op:' .. node) or 0)
end

local function done(number)
  call('SET', P .. 'op:' .. node, whole(number), 'PX', L.repeat_ms)
end

local verbs = {}

function verbs.admit()
  expel(node)
  local epoch, floor, known, next_life = take(), take_number(), take(), take_number()
  call('HSETNX', P .. 'meta', 'epoch', epoch)
  epoch = call('HGET', P .. 'meta', 'epoch')
  -- A store that has begun anew gives no number out again, not even of a topic that the node which comes first never heard.
  if known ~= '' and known ~= epoch then floor = math.max(floor, next_life) end
  if floor > meta('floor') then call('HSET', P .. 'meta', 'floor', whole(floor)) end
  call('ZADD', P .. 'nodes', now + L.lease_ms, node)
  return {epoch, whole(meta('floor'))}
end

function verbs.renew()
  if not is_admitted() then return {'expelled'} end
  -- When nobody has renewed for long, it was the store that was away, and no node is to blame.
  local stalled = now - meta('renewed') > L.lease_ms / 2
  call('HSET', P .. 'meta', 'renewed', whole(now))
  for _, each in ipairs(stalled and call('ZRANGE', P .. 'nodes', 0, -1) or {node}) do
    call('ZADD', P .. 'nodes', now + L.lease_ms, each)
  end
  for _, each in ipairs(call('ZRANGEBYSCORE', P .. 'nodes', '-inf', now)) do expel(each) end
  for _, topic in ipairs(call('ZRANGEBYSCORE', P .. 'tz', '-inf', now - L.replay_ms, 'LIMIT', 0, 100)) do
    forget_topic(topic)
  end
  for _, owner in ipairs(call('ZRANGEBYSCORE', P .. 'ko', '-inf', now - L.idempotency_ms, 'LIMIT', 0, 100)) do
    add('keys', -call('ZCARD', P .. 'k:' .. owner))
    call('DEL', P .. 'k:' .. owner)
    call('ZREM', P .. 'ko', owner)
  end
  local found = call('SSCAN', P .. 'queues', take(), 'COUNT', 100)
  for _, queue in ipairs(found[2]) do dispatch(queue) end
  return {'ok', found[1], meta('waiting'), meta('dead'), meta('expired')}
end

function verbs.bury()
  expel(take())
  return {'ok'}
end

function verbs.quit()
  expel(node)
  call('DEL', P .. 'op:' .. node, P .. 'refused:' .. node)
  return {'ok'}
end

function verbs.read()
  call('XTRIM', P .. 'in:' .. node, 'MINID', take())
  call('HINCRBY', P .. 'node:' .. node, 'bytes', -take_number())
  return {'ok'}
end

function verbs.submit()
  local number, place = take_number(), take()
  local settled, returned, bounced, groups = take_marks(), take_marks(), take_marks(), take_groups()
  if is_repeat(number) then
    mark_place(place)
    local before = call('HGET', P .. 'refused:' .. node, number)
    if not before then return {#groups} end
    local count, why, about = before:match('^(%d+) (%S+) (.*)$')
    return {tonumber(count), why, about}
  end
  local count, why, about = 0, nil, nil
  for index, group in ipairs(groups) do
    why, about = refusal(group)
    if why then break end
    if index == 1 then settle(settled, returned) end
    publish(group)
    count = index
  end
  if #groups == 0 then settle(settled, returned) end
  bounce(bounced)
  mark_place(place)
  done(number)
  if not why then return {count} end
  local refused = P .. 'refused:' .. node
  if call('HLEN', refused) > 1000 then call('DEL', refused) end
  call('HSET', refused, number, count .. ' ' .. why .. ' ' .. about)
  call('PEXPIRE', refused, L.repeat_ms)
  return {count, why, about}
end

-- What /user/queue/... of another session translates to: nobody but itself hears that.
local function is_owned(owner) return owner ~= '' and call('HEXISTS', P .. 'sess', owner) == 1 end

function verbs.listen()
  local place, topic, last_seen, owner = take(), take(), take(), take()
  if is_owned(owner) then
    mark_place(place)
    return {'owned'}
  end
  local answer = {0, 0}
  if topic == '' then
    call('SADD', P .. 'patterns', node)
  else
    call('SADD', P .. 'i:' .. topic, node)
    call('SADD', P .. 'topics:' .. node, topic)
    local head = tonumber(call('HGET', P .. 'seq', topic) or meta('floor'))
    answer = {head, head + 1}
    if last_seen ~= '' then
      trim_topic(topic)
      local first = call('XRANGE', P .. 't:' .. topic, '-', '+', 'COUNT', 1)[1]
      if first then answer[2] = tonumber(first[1]:match('^%d+')) end
      local from = tonumber(last_seen) > head and '-' or whole(tonumber(last_seen) + 1)
      for _, entry in ipairs(call('XRANGE', P .. 't:' .. topic, from, '+')) do answer[#answer + 1] = entry[2][2] end
    end
  end
  mark_place(place)
  return answer
end

function verbs.unlisten()
  local topic = take()
  if topic == '' then
    call('SREM', P .. 'patterns', node)
  else
    call('SREM', P .. 'i:' .. topic, node)
    call('SREM', P .. 'topics:' .. node, topic)
  end
  return {'ok'}
end

function verbs.join()
  local consumer, credit, matching, owner, count = take(), take(), take(), take(), take_number()
  if is_owned(owner) then return {'owned'} end
  if credit ~= '' then call('HSETNX', P .. 'credit', consumer, credit) end
  if call('HEXISTS', P .. 'credit', consumer) == 0 then return {} end
  call('SADD', P .. 'subs:' .. node, consumer)
  for _ = 1, count do
    local queue = take()
    if not has_room_for(queue) then return {'destinations', queue} end
    know(queue)
    know_queue(queue)
    if call('SADD', P .. 'd:' .. consumer, queue) == 1 then call('RPUSH', P .. 'r:' .. queue, consumer) end
    dispatch(queue)
  end
  if matching == '' then return {} end
  call('SADD', P .. 'qpatterns', node)
  local answer = call('SMEMBERS', P .. 'queues')
  table.insert(answer, 1, '')
  return answer
end

function verbs.allow()
  local number, consumer, more = take_number(), take(), take_number()
  if not is_repeat(number) then
    done(number)
    allow(consumer, more)
  end
  return {'ok'}
end

function verbs.retire()
  retire(take())
  return {'ok'}
end

function verbs.leave()
  local number = take_number()
  if is_repeat(number) then return {'ok'} end
  done(number)
  local consumers, tried, kept, touched = {}, {}, {}, {}
  for _ = 1, take_number() do consumers[#consumers + 1] = take() end
  for _ = 1, take_number() do tried[take()] = true end
  for _ = 1, take_number() do kept[take()] = true end
  for _, consumer in ipairs(consumers) do
    retire(consumer)
    for _, held in ipairs(call('SMEMBERS', P .. 'p:' .. consumer)) do
      if not kept[held] then
        call('SREM', P .. 'p:' .. consumer, held)
        local its_number, queue = parse_held(held)
        give_back(queue, its_number, tried[held], touched)
      end
    end
    if next(kept) == nil then call('SREM', P .. 'subs:' .. node, consumer) end
  end
  dispatch_all(touched)
  return {'ok'}
end

function verbs.enter()
  local session, user, address, counted = take(), take(), take(), take()
  if counted ~= '' and call('HEXISTS', P .. 'sess', session) == 0 then
    if call('HLEN', P .. 'u:' .. user) >= L.sessions_per_user then return {'user'} end
    if call('HLEN', P .. 'a:' .. address) >= L.sessions_per_address then return {'address'} end
  end
  call('HSET', P .. 'sess', session, node)
  call('HSET', P .. 'users:' .. node, session, user)
  call('HSET', P .. 'addresses:' .. node, session, address)
  call('HSET', P .. 'a:' .. address, session, node)
  if user ~= '' then call('HSET', P .. 'u:' .. user, session, node) end
  return {'ok'}
end

function verbs.exit()
  local session, user, address = take(), take(), take()
  call('HDEL', P .. 'sess', session)
  call('HDEL', P .. 'users:' .. node, session)
  call('HDEL', P .. 'addresses:' .. node, session)
  call('HDEL', P .. 'a:' .. address, session)
  call('HDEL', P .. 'u:' .. user, session)
  return {'ok'}
end

-- Only a node whose lease goes on may change anything: another has given back what it held.
if verb ~= 'admit' and not is_admitted() then return {'expelled'} end
return verbs[verb]()
