package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

var start = time.Now().Truncate(time.Millisecond).Add(-time.Hour)

var nodeChecks = []check{
	{"create_topic", createTopic}, {"create_topic_configs", createTopicConfigs}, {"list_topics", listTopics},
	{"describe_cluster", describeCluster}, {"topic_exists", topicExists}, {"invalid_topic_name", invalidTopicName},
	{"topic_collision", topicCollision},
	{"invalid_partitions", func(c *client) error { return fails(37, c.createTopic(c.name("p"), 0, 1, nil)) }},
	{"invalid_replication", func(c *client) error { return fails(38, c.createTopic(c.name("r"), 1, 3, nil)) }},
	{"invalid_config", invalidConfig}, {"unknown_topic", unknownTopic}, {"delete_topic", deleteTopic},
	{"recreate_topic", recreateTopic}, {"add_partitions", addPartitions}, {"describe_configs", describeConfigs},
	{"alter_configs", alterConfigs}, {"delete_records", deleteRecords}, {"topic_codec", topicCodec},
	{"log_append_time", logAppendTime}, {"idempotent_produce", idempotentProduce}, {"acks_levels", acksLevels},
	{"many_partitions", manyPartitions}, {"auto_create", autoCreate}, {"message_too_large", messageTooLarge},
	{"compacted_null_key", compactedNullKey}, {"invalid_timestamp", invalidTimestamp},
	{"offset_bounds", offsetBounds}, {"offsets_for_times", offsetsForTimes}, {"seek_middle", seekMiddle},
	{"small_fetches", smallFetches}, {"offset_out_of_range", offsetOutOfRange}, {"long_poll", longPoll},
	{"codec_none", codec("none", kgo.NoCompression())}, {"codec_gzip", codec("gzip", kgo.GzipCompression())},
	{"codec_snappy", codec("snappy", kgo.SnappyCompression())}, {"codec_lz4", codec("lz4", kgo.Lz4Compression())},
	{"codec_zstd", codec("zstd", kgo.ZstdCompression())},
}

// What checks are made of.

func fails(expected int16, err error) error {
	if err == nil {
		return fmt.Errorf("nothing failed, expected error %d", expected)
	}
	got, err := code(err)
	if err == nil && got != expected {
		return fmt.Errorf("error %d, expected %d", got, expected)
	}
	return err
}

func equal[T comparable](what string, got, expected T) error {
	if got != expected {
		return fmt.Errorf("%s is %v, expected %v", what, got, expected)
	}
	return nil
}

func soon(what string, condition func() (bool, error)) error {
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if holds, err := condition(); holds || err != nil {
			return err
		}
	}
	return errors.New("not within 30 s: " + what)
}

func (c *client) has(topic string, partitions int) func() (bool, error) {
	return func() (bool, error) {
		got, err := c.partitions(topic)
		if err != nil {
			if number, other := code(err); other == nil && (number == 3 || number == 5) {
				return false, nil
			}
			return false, err
		}
		return len(got) == partitions, nil
	}
}

// made creates a topic and waits until the broker's own metadata shows it.
func (c *client) made(what string, partitions int32, configs map[string]string) (string, error) {
	topic := c.name(what)
	if err := c.createTopic(topic, partitions, 1, configs); err != nil {
		return topic, err
	}
	return topic, soon(topic, c.has(topic, int(partitions)))
}

func noise(size int, state uint64) []byte {
	var out []byte
	for len(out) < size {
		state = state*6364136223846793005 + 1442695040888963407
		out = binary.BigEndian.AppendUint64(out, state)
	}
	return out[:size]
}

// sample has records of every shape: keys, nulls, headers, 1 byte to 900 KB.
func sample() []*kgo.Record {
	big := append(noise(400_000, 2), bytes.Repeat([]byte("again "), 83_333)...)
	all := []*kgo.Record{
		{Value: []byte("x")}, {Key: []byte("key")}, {Key: []byte{}, Value: []byte{}},
		{Key: []byte("key"), Value: bytes.Repeat([]byte("text "), 40)},
		{Key: []byte("ключ"), Value: noise(10_000, 1)}, {Key: []byte("big"), Value: big},
		{Key: []byte("headers"), Value: []byte("v"), Headers: []kgo.RecordHeader{
			{Key: "a", Value: []byte("1")}, {Key: "a", Value: []byte("2")}, {Key: "empty", Value: []byte{}},
			{Key: "null"}, {Key: "имя", Value: noise(200, 3)},
		}},
	}
	for i := range 40 {
		value := fmt.Sprintf(`{"id":%d,"name":"event","city":"Brno"}`, i)
		all = append(all, &kgo.Record{Key: fmt.Appendf(nil, "k%d", i), Value: []byte(value)})
	}
	for i, r := range all {
		r.Timestamp = start.Add(time.Duration(i) * time.Second)
	}
	return all
}

func small(count, size int, tag string) []*kgo.Record {
	var all []*kgo.Record
	for i := range count {
		value := fmt.Sprintf("%s-%06d-", tag, i)
		value += strings.Repeat(".", max(0, size-len(value)))
		all = append(all, &kgo.Record{Value: []byte(value), Timestamp: start.Add(time.Duration(i) * time.Millisecond)})
	}
	return all
}

func sameBytes(a, b []byte) bool {
	return (a == nil) == (b == nil) && bytes.Equal(a, b)
}

func same(got, expected []*kgo.Record, first int64) error {
	if len(got) != len(expected) {
		return fmt.Errorf("%d records came back, %d were sent", len(got), len(expected))
	}
	for i, have := range got {
		want := expected[i]
		headers := slices.EqualFunc(have.Headers, want.Headers, func(a, b kgo.RecordHeader) bool {
			return a.Key == b.Key && sameBytes(a.Value, b.Value)
		})
		switch {
		case have.Offset != first+int64(i):
			return fmt.Errorf("offset %d where %d should be", have.Offset, first+int64(i))
		case !sameBytes(have.Key, want.Key):
			return fmt.Errorf("key of offset %d differs", have.Offset)
		case !sameBytes(have.Value, want.Value):
			return fmt.Errorf("value of offset %d differs", have.Offset)
		case !headers:
			return fmt.Errorf("headers of offset %d differ", have.Offset)
		case !have.Timestamp.Equal(want.Timestamp):
			return fmt.Errorf("timestamp of offset %d is %v, sent was %v", have.Offset, have.Timestamp, want.Timestamp)
		}
	}
	return nil
}

func (c *client) roundTrip(topic string, records []*kgo.Record, options ...kgo.Opt) error {
	if _, err := c.produce(topic, 0, records, options...); err != nil {
		return err
	}
	got, err := c.readFrom(topic, 0, len(records))
	if err != nil {
		return err
	}
	return same(got, records, 0)
}

// Topics.

func createTopic(c *client) error {
	_, err := c.made("create", 3, nil)
	return err
}

func createTopicConfigs(c *client) error {
	topic, err := c.made("configs", 1, map[string]string{"retention.ms": "3600000", "cleanup.policy": "compact,delete"})
	if err != nil {
		return err
	}
	configs, err := c.configs(topic)
	return errors.Join(err, equal("retention.ms", configs["retention.ms"], "3600000"),
		equal("cleanup.policy", configs["cleanup.policy"], "compact,delete"))
}

func listTopics(c *client) error {
	for _, what := range []string{"list-0", "list-1", "list-2"} {
		topic, err := c.made(what, 1, nil)
		if err != nil {
			return err
		}
		if err := soon("listed", func() (bool, error) { all, err := c.topics(); return all.Has(topic), err }); err != nil {
			return err
		}
	}
	return nil
}

func describeCluster(c *client) error {
	ctx, cancel := background()
	defer cancel()
	cluster, err := c.admin.BrokerMetadata(ctx)
	if err != nil {
		return err
	}
	if len(cluster.Brokers) != 1 {
		return fmt.Errorf("brokers %v", cluster.Brokers)
	}
	return equal("controller", cluster.Controller, cluster.Brokers[0].NodeID)
}

func topicExists(c *client) error {
	topic, err := c.made("exists", 1, nil)
	if err != nil {
		return err
	}
	return fails(36, c.createTopic(topic, 1, 1, nil))
}

func invalidTopicName(c *client) error {
	var all error
	for _, bad := range []string{"bad name!", "..", strings.Repeat("x", 250), "slash/y"} {
		all = errors.Join(all, fails(17, c.createTopic(bad, 1, 1, nil)))
	}
	return all
}

func topicCollision(c *client) error {
	if _, err := c.made("col.a", 1, nil); err != nil {
		return err
	}
	return fails(17, c.createTopic(c.name("col_a"), 1, 1, nil))
}

func invalidConfig(c *client) error {
	return errors.Join(
		fails(40, c.createTopic(c.name("conf"), 1, 1, map[string]string{"retention.ms": "abc"})),
		fails(40, c.createTopic(c.name("conf"), 1, 1, map[string]string{"no.such.config": "1"})))
}

func unknownTopic(c *client) error {
	_, err := c.partitions(c.name("unknown"))
	if err := fails(3, err); err != nil {
		return err
	}
	all, err := c.topics()
	return errors.Join(err, equal("asking created it", all.Has(c.name("unknown")), false))
}

func (c *client) gone(topic string) error {
	if _, err := c.produce(topic, 0, small(5, 100, "r")); err != nil {
		return err
	}
	if err := c.deleteTopic(topic); err != nil {
		return err
	}
	return soon("topic gone", func() (bool, error) { all, err := c.topics(); return !all.Has(topic), err })
}

func deleteTopic(c *client) error {
	topic, err := c.made("delete", 2, nil)
	if err == nil {
		err = c.gone(topic)
	}
	if err != nil {
		return err
	}
	// franz-go may answer from what it knew a moment ago.
	err = soon("describing it gives 3", func() (bool, error) {
		_, err := c.partitions(topic)
		return fails(3, err) == nil, nil
	})
	return errors.Join(err, fails(3, c.deleteTopic(topic)))
}

func recreateTopic(c *client) error {
	topic, err := c.made("again", 2, nil)
	if err == nil {
		err = c.gone(topic)
	}
	if err == nil {
		_, err = c.made("again", 1, nil)
	}
	if err != nil {
		return err
	}
	low, high, err := c.bounds(topic)
	return errors.Join(err, equal("low", low, 0), equal("high", high, 0), c.roundTrip(topic, small(3, 100, "new")))
}

func addPartitions(c *client) error {
	topic, err := c.made("add", 1, nil)
	if err == nil {
		err = c.addPartitions(topic, 4)
	}
	if err == nil {
		err = soon("four partitions", c.has(topic, 4))
	}
	if err == nil {
		_, err = c.produce(topic, 3, small(3, 100, "r"))
	}
	if err != nil {
		return err
	}
	got, err := c.read(map[int32]int64{3: 0}, topic, 3)
	return errors.Join(err, same(got[3], small(3, 100, "r"), 0), fails(37, c.addPartitions(topic, 2)))
}

func describeConfigs(c *client) error {
	topic, err := c.made("describe", 1, map[string]string{"max.message.bytes": "2000000"})
	if err != nil {
		return err
	}
	configs, err := c.configs(topic)
	for key, value := range map[string]string{
		"cleanup.policy": "delete", "compression.type": "producer", "max.message.bytes": "2000000",
		"retention.ms": "604800000", "segment.bytes": "1073741824", "message.timestamp.type": "CreateTime",
		"min.insync.replicas": "1", "retention.bytes": "-1", "delete.retention.ms": "86400000",
		"unclean.leader.election.enable": "false", "segment.ms": "604800000", "file.delete.delay.ms": "60000",
		"min.cleanable.dirty.ratio": "0.5", "index.interval.bytes": "4096",
	} {
		err = errors.Join(err, equal(key, configs[key], value))
	}
	return err
}

func alterConfigs(c *client) error {
	topic, err := c.made("alter", 1, nil)
	if err == nil {
		_, err = c.produce(topic, 0, small(1, 5000, "r"))
	}
	if err == nil {
		err = c.alterConfig(topic, "max.message.bytes", "2000")
	}
	if err == nil {
		err = soon("new value", func() (bool, error) {
			configs, err := c.configs(topic)
			return configs["max.message.bytes"] == "2000", err
		})
	}
	if err != nil {
		return err
	}
	_, err = c.produce(topic, 0, small(1, 5000, "r"))
	return errors.Join(fails(10, err), fails(40, c.alterConfig(topic, "retention.ms", "soon")))
}

func deleteRecords(c *client) error {
	topic, err := c.made("delrec", 1, nil)
	if err == nil {
		_, err = c.produce(topic, 0, small(20, 100, "r"))
	}
	if err != nil {
		return err
	}
	low, err := c.deleteRecords(topic, 7)
	begin, end, other := c.bounds(topic)
	if err := errors.Join(err, other, equal("low", low, 7), equal("begin", begin, 7), equal("end", end, 20)); err != nil {
		return err
	}
	got, err := c.readFrom(topic, 7, 13)
	if err := errors.Join(err, same(got, small(20, 100, "r")[7:], 7)); err != nil {
		return err
	}
	_, err = c.deleteRecords(topic, 99)
	return fails(1, err)
}

// Records.

func codec(name string, codec kgo.CompressionCodec) func(*client) error {
	return func(c *client) error {
		topic, err := c.made("codec-"+name, 1, nil)
		if err != nil {
			return err
		}
		return c.roundTrip(topic, sample(), kgo.ProducerBatchCompression(codec))
	}
}

func topicCodec(c *client) error {
	topic, err := c.made("topic-codec", 1, map[string]string{"compression.type": "gzip"})
	if err != nil {
		return err
	}
	return c.roundTrip(topic, sample())
}

func logAppendTime(c *client) error {
	topic, err := c.made("append-time", 1, map[string]string{"message.timestamp.type": "LogAppendTime"})
	before := time.Now().Add(-time.Second)
	if err == nil {
		_, err = c.produce(topic, 0, small(5, 100, "r"))
	}
	if err != nil {
		return err
	}
	got, err := c.readFrom(topic, 0, 5)
	for _, r := range got {
		if r.Timestamp.Before(before) || r.Timestamp.After(time.Now().Add(time.Second)) {
			err = errors.Join(err, fmt.Errorf("timestamp %v", r.Timestamp))
		}
	}
	return err
}

func idempotentProduce(c *client) error {
	topic, err := c.made("idempotent", 1, nil)
	if err != nil {
		return err
	}
	records := small(5000, 100, "r")
	offsets, err := c.produce(topic, 0, records)
	for i, offset := range offsets {
		if err == nil {
			err = equal("acknowledged offset", offset, int64(i))
		}
	}
	got, other := c.readFrom(topic, 0, 5000)
	return errors.Join(err, other, same(got, records, 0))
}

func acksLevels(c *client) error {
	topic, err := c.made("acks", 1, nil)
	for i, acks := range []kgo.Acks{kgo.NoAck(), kgo.LeaderAck(), kgo.AllISRAcks()} {
		if err == nil {
			_, err = c.produce(topic, 0, small(3, 100, "r")[i:i+1], kgo.RequiredAcks(acks), kgo.DisableIdempotentWrite())
		}
		if err == nil {
			err = soon("record is there", func() (bool, error) {
				_, end, err := c.bounds(topic)
				return end == int64(i)+1, err
			})
		}
	}
	if err != nil {
		return err
	}
	got, err := c.readFrom(topic, 0, 3)
	return errors.Join(err, same(got, small(3, 100, "r"), 0))
}

func manyPartitions(c *client) error {
	topic, err := c.made("many", 20, nil)
	starts := map[int32]int64{}
	for p := range int32(20) {
		starts[p] = 0
		if err == nil {
			_, err = c.produce(topic, p, small(10, 100, fmt.Sprintf("p%d", p)))
		}
	}
	if err != nil {
		return err
	}
	got, err := c.read(starts, topic, 200)
	for p := range int32(20) {
		err = errors.Join(err, same(got[p], small(10, 100, fmt.Sprintf("p%d", p)), 0))
	}
	return err
}

func autoCreate(c *client) error {
	if err := c.roundTrip(c.name("auto"), small(3, 100, "r")); err != nil {
		return err
	}
	got, err := c.partitions(c.name("auto"))
	return errors.Join(err, equal("partitions", len(got), 1))
}

func messageTooLarge(c *client) error {
	topic, err := c.made("large", 1, map[string]string{"max.message.bytes": "2000"})
	if err != nil {
		return err
	}
	_, err = c.produce(topic, 0, small(1, 10_000, "r"))
	return errors.Join(fails(10, err), c.roundTrip(topic, small(1, 100, "r")))
}

func compactedNullKey(c *client) error {
	topic, err := c.made("compact", 1, map[string]string{"cleanup.policy": "compact"})
	if err != nil {
		return err
	}
	_, err = c.produce(topic, 0, []*kgo.Record{{Value: []byte("v"), Timestamp: start}})
	good := []*kgo.Record{{Key: []byte("k"), Value: []byte("v"), Timestamp: start}}
	return errors.Join(fails(87, err), c.roundTrip(topic, good))
}

func invalidTimestamp(c *client) error {
	topic, err := c.made("future", 1, map[string]string{"message.timestamp.after.max.ms": "3600000"})
	if err != nil {
		return err
	}
	_, err = c.produce(topic, 0, []*kgo.Record{{Value: []byte("v"), Timestamp: start.Add(25 * time.Hour)}})
	return fails(32, err)
}

// Reading.

func offsetBounds(c *client) error {
	topic, err := c.made("bounds", 1, nil)
	if err != nil {
		return err
	}
	low, high, err := c.bounds(topic)
	if err = errors.Join(err, equal("low", low, 0), equal("high", high, 0)); err != nil {
		return err
	}
	if _, err = c.produce(topic, 0, small(12, 100, "r")); err != nil {
		return err
	}
	low, high, err = c.bounds(topic)
	return errors.Join(err, equal("low", low, 0), equal("high", high, 12))
}

func offsetsForTimes(c *client) error {
	topic, err := c.made("times", 1, nil)
	for i := range 10 {
		if err == nil {
			at := start.Add(time.Duration(i) * time.Second)
			_, err = c.produce(topic, 0, []*kgo.Record{{Value: []byte("v"), Timestamp: at}})
		}
	}
	ctx, cancel := background()
	defer cancel()
	for asked, expected := range map[int64][2]int64{-5000: {0, 0}, 0: {0, 0}, 3500: {4, 4000}, 9000: {9, 9000}, 9001: {10, -1}} {
		if err != nil {
			return err
		}
		all, failed := c.admin.ListOffsetsAfterMilli(ctx, start.UnixMilli()+asked, topic)
		got, _ := all.Lookup(topic, 0)
		err = errors.Join(failed, got.Err, equal(fmt.Sprint("offset at ", asked), got.Offset, expected[0]))
		if expected[1] >= 0 {
			err = errors.Join(err, equal("its time", got.Timestamp, start.UnixMilli()+expected[1]))
		}
	}
	return err
}

func seekMiddle(c *client) error {
	topic, err := c.made("seek", 1, nil)
	records := small(100, 100, "r")
	for i := 0; i < 100 && err == nil; i += 10 {
		_, err = c.produce(topic, 0, records[i:i+10])
	}
	if err != nil {
		return err
	}
	got, err := c.readFrom(topic, 37, 20)
	last, other := c.readFrom(topic, 99, 1)
	return errors.Join(err, other, same(got, records[37:57], 37), same(last, records[99:], 99))
}

func smallFetches(c *client) error {
	topic, err := c.made("small", 1, nil)
	records := small(30, 3000, "r")
	for i := 0; i < 30 && err == nil; i++ {
		_, err = c.produce(topic, 0, records[i:i+1])
	}
	if err != nil {
		return err
	}
	got, err := c.readFrom(topic, 0, 30, kgo.FetchMaxBytes(1000), kgo.FetchMaxPartitionBytes(1000))
	return errors.Join(err, same(got, records, 0))
}

func offsetOutOfRange(c *client) error {
	topic, err := c.made("range", 1, nil)
	if err == nil {
		_, err = c.produce(topic, 0, small(3, 100, "r"))
	}
	if err != nil {
		return err
	}
	_, err = c.readFrom(topic, 1000, 1)
	return fails(1, err)
}

func longPoll(c *client) error {
	topic, err := c.made("poll", 1, nil)
	if err != nil {
		return err
	}
	sent := make(chan time.Time, 1)
	produced := make(chan error, 1)
	go func() {
		time.Sleep(1500 * time.Millisecond)
		sent <- time.Now()
		_, err := c.produce(topic, 0, small(1, 100, "r"))
		produced <- err
	}()
	got, err := c.readFrom(topic, 0, 1, kgo.FetchMaxWait(10*time.Second))
	took := time.Since(<-sent)
	if took > 5*time.Second {
		err = errors.Join(err, fmt.Errorf("the poll was woken %v after the produce began", took))
	}
	return errors.Join(err, <-produced, same(got, small(1, 100, "r"), 0))
}

// Groups.

var groupChecks = []check{
	{"group_consume", groupConsume}, {"group_commit", groupCommit},
	{"group_rebalance", func(c *client) error { return groupRebalance(c, "gr") }},
	{"group_rebalance_new", func(c *client) error { return groupRebalance(c, "gn", kgo.ServerSideBalancer()) }},
	{"group_list", groupList}, {"group_describe", groupDescribe}, {"group_delete", groupDelete},
}

// groupRead reads as a member of the group named like the topic, commits, and leaves.
func (c *client) groupRead(topic string, count int) (map[int32][]*kgo.Record, error) {
	cl, err := kgo.NewClient(kgo.SeedBrokers(c.bootstrap), kgo.ConsumerGroup(topic), kgo.ConsumeTopics(topic),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.DisableAutoCommit())
	if err != nil {
		return nil, err
	}
	defer cl.Close()
	got, err := gather(cl, count)
	if err != nil {
		return nil, err
	}
	ctx, cancel := background()
	defer cancel()
	return got, cl.CommitUncommittedOffsets(ctx)
}

func groupConsume(c *client) error {
	topic, err := c.made("gc", 3, nil)
	for p := range int32(3) {
		if err == nil {
			_, err = c.produce(topic, p, small(20, 100, fmt.Sprintf("p%d", p)))
		}
	}
	if err != nil {
		return err
	}
	got, err := c.groupRead(topic, 60)
	for p := range int32(3) {
		err = errors.Join(err, same(got[p], small(20, 100, fmt.Sprintf("p%d", p)), 0))
	}
	return err
}

func (c *client) committed(topic string) (int64, error) {
	ctx, cancel := background()
	defer cancel()
	offsets, err := c.admin.FetchOffsets(ctx, topic)
	offset, _ := offsets.Lookup(topic, 0)
	return offset.At, errors.Join(err, offset.Err)
}

func groupCommit(c *client) error {
	topic, err := c.made("gm", 1, nil)
	var first int64
	for _, part := range [][]*kgo.Record{small(12, 100, "r"), small(8, 100, "more")} {
		if err == nil {
			_, err = c.produce(topic, 0, part)
		}
		if err != nil {
			return err
		}
		got, failed := c.groupRead(topic, len(part))
		if err = errors.Join(failed, same(got[0], part, first)); err != nil {
			return err
		}
		first += int64(len(part))
		at, failed := c.committed(topic)
		err = errors.Join(failed, equal("committed", at, first))
	}
	return err
}

func groupRebalance(c *client, what string, options ...kgo.Opt) error {
	topic, err := c.made(what, 4, nil)
	if err != nil {
		return err
	}
	first, err := c.member(topic, options...)
	if err != nil {
		return err
	}
	defer first.close()
	second, err := c.member(topic, options...)
	if err != nil {
		return err
	}
	err = soon("partitions split 2 and 2", func() (bool, error) {
		all := append(first.partitions(), second.partitions()...)
		slices.Sort(all)
		return len(first.partitions()) == 2 && slices.Equal(all, []int32{0, 1, 2, 3}), nil
	})
	second.close()
	return errors.Join(err, soon("all four back", func() (bool, error) { return len(first.partitions()) == 4, nil }))
}

func (c *client) listed(group string) (bool, error) {
	ctx, cancel := background()
	defer cancel()
	groups, err := c.admin.ListGroups(ctx)
	_, has := groups[group]
	return has, err
}

func (c *client) described(group string) (kadm.DescribedGroup, error) {
	ctx, cancel := background()
	defer cancel()
	groups, err := c.admin.DescribeGroups(ctx, group)
	return groups[group], errors.Join(err, groups[group].Err)
}

func (c *client) readOnce(what string) (string, error) {
	topic, err := c.made(what, 1, nil)
	if err == nil {
		_, err = c.produce(topic, 0, small(1, 100, "r"))
	}
	if err == nil {
		_, err = c.groupRead(topic, 1)
	}
	return topic, err
}

func groupList(c *client) error {
	topic, err := c.readOnce("gl")
	if err != nil {
		return err
	}
	has, err := c.listed(topic)
	return errors.Join(err, equal("listed", has, true))
}

func groupDescribe(c *client) error {
	topic, err := c.made("gd", 2, nil)
	if err != nil {
		return err
	}
	m, err := c.member(topic)
	if err != nil {
		return err
	}
	err = soon("both partitions", func() (bool, error) { return len(m.partitions()) == 2, nil })
	row, failed := c.described(topic)
	err = errors.Join(err, failed, equal("state", row.State, "Stable"), equal("members", len(row.Members), 1))
	m.close()
	return errors.Join(err, soon("group is empty", func() (bool, error) {
		row, err := c.described(topic)
		return row.State == "Empty" && len(row.Members) == 0, err
	}))
}

func groupDelete(c *client) error {
	topic, err := c.readOnce("gx")
	if err == nil {
		err = soon("group is empty", func() (bool, error) {
			row, err := c.described(topic)
			return row.State == "Empty", err
		})
	}
	remove := func() error {
		ctx, cancel := background()
		defer cancel()
		answer, err := c.admin.DeleteGroup(ctx, topic)
		return errors.Join(err, answer.Err)
	}
	if err == nil {
		err = remove()
	}
	if err == nil {
		err = soon("group is gone", func() (bool, error) { has, err := c.listed(topic); return !has, err })
	}
	if err != nil {
		return err
	}
	return fails(69, remove())
}
