package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// client offers what the checks need, on franz-go.
type client struct {
	bootstrap string
	run       string
	admin     *kadm.Client
}

func newClient(bootstrap, run string) (*client, error) {
	cl, err := kgo.NewClient(kgo.SeedBrokers(bootstrap), kgo.MetadataMinAge(50*time.Millisecond))
	if err != nil {
		return nil, err
	}
	return &client{bootstrap: bootstrap, run: run, admin: kadm.NewClient(cl)}, nil
}

func (c *client) name(what string) string {
	return "compat-franz-go-" + what + "-" + c.run
}

func background() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), 50*time.Second)
}

func (c *client) createTopic(topic string, partitions int32, replicas int16, configs map[string]string) error {
	ctx, cancel := background()
	defer cancel()
	values := map[string]*string{}
	for k, v := range configs {
		values[k] = kadm.StringPtr(v)
	}
	// The one for one topic hides its error in the answer, as the one for many does.
	answers, err := c.admin.CreateTopics(ctx, partitions, replicas, values, topic)
	if err != nil {
		return err
	}
	return answers[topic].Err
}

func (c *client) deleteTopic(topic string) error {
	ctx, cancel := background()
	defer cancel()
	answers, err := c.admin.DeleteTopics(ctx, topic)
	if err != nil {
		return err
	}
	return answers[topic].Err
}

func (c *client) topics() (kadm.TopicDetails, error) {
	ctx, cancel := background()
	defer cancel()
	return c.admin.ListTopics(ctx)
}

func (c *client) partitions(topic string) ([]int32, error) {
	ctx, cancel := background()
	defer cancel()
	details, err := c.admin.ListTopics(ctx, topic)
	if err != nil {
		return nil, err
	}
	if details[topic].Err != nil {
		return nil, details[topic].Err
	}
	return details[topic].Partitions.Numbers(), nil
}

func (c *client) addPartitions(topic string, total int) error {
	ctx, cancel := background()
	defer cancel()
	answers, err := c.admin.UpdatePartitions(ctx, total, topic)
	if err != nil {
		return err
	}
	return answers[topic].Err
}

func (c *client) configs(topic string) (map[string]string, error) {
	ctx, cancel := background()
	defer cancel()
	answers, err := c.admin.DescribeTopicConfigs(ctx, topic)
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	for _, resource := range answers {
		if resource.Err != nil {
			return nil, resource.Err
		}
		for _, config := range resource.Configs {
			out[config.Key] = config.MaybeValue()
		}
	}
	return out, nil
}

func (c *client) alterConfig(topic, key, value string) error {
	ctx, cancel := background()
	defer cancel()
	answers, err := c.admin.AlterTopicConfigs(ctx, []kadm.AlterConfig{{Op: kadm.SetConfig, Name: key, Value: &value}}, topic)
	if err != nil {
		return err
	}
	return answers[0].Err
}

func (c *client) deleteRecords(topic string, before int64) (int64, error) {
	ctx, cancel := background()
	defer cancel()
	offsets := kadm.Offsets{}
	offsets.AddOffset(topic, 0, before, -1)
	answers, err := c.admin.DeleteRecords(ctx, offsets)
	if err != nil {
		return 0, err
	}
	answer, _ := answers.Lookup(topic, 0)
	return answer.LowWatermark, answer.Err
}

// produce sends all records to one partition and gives their offsets.
func (c *client) produce(topic string, partition int32, records []*kgo.Record, options ...kgo.Opt) ([]int64, error) {
	ctx, cancel := background()
	defer cancel()
	options = append([]kgo.Opt{
		kgo.SeedBrokers(c.bootstrap),
		kgo.RecordPartitioner(kgo.ManualPartitioner()),
		kgo.ProducerLinger(10 * time.Millisecond),
		kgo.ProducerBatchMaxBytes(20 << 20),
		kgo.MaxProduceRequestsInflightPerBroker(1),
		kgo.BrokerMaxWriteBytes(40 << 20),
		kgo.ProducerBatchCompression(kgo.NoCompression()),
		kgo.AllowAutoTopicCreation(),
		kgo.MetadataMinAge(50 * time.Millisecond),
		kgo.UnknownTopicRetries(100),
	}, options...)
	cl, err := kgo.NewClient(options...)
	if err != nil {
		return nil, err
	}
	defer cl.Close()
	var sent []*kgo.Record
	for _, r := range records {
		copied := *r
		copied.Topic, copied.Partition = topic, partition
		sent = append(sent, &copied)
	}
	if err := cl.ProduceSync(ctx, sent...).FirstErr(); err != nil {
		return nil, err
	}
	var offsets []int64
	for _, r := range sent {
		offsets = append(offsets, r.Offset)
	}
	return offsets, nil
}

// read gives count records by partition, from an offset of each partition on.
func (c *client) read(starts map[int32]int64, topic string, count int, options ...kgo.Opt) (map[int32][]*kgo.Record, error) {
	offsets := map[int32]kgo.Offset{}
	for partition, start := range starts {
		offsets[partition] = kgo.NewOffset().At(start)
	}
	options = append([]kgo.Opt{
		kgo.SeedBrokers(c.bootstrap),
		kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: offsets}),
		kgo.ConsumeResetOffset(kgo.NoResetOffset()),
		kgo.MetadataMinAge(50 * time.Millisecond),
	}, options...)
	cl, err := kgo.NewClient(options...)
	if err != nil {
		return nil, err
	}
	defer cl.Close()
	return gather(cl, count)
}

func gather(cl *kgo.Client, count int) (map[int32][]*kgo.Record, error) {
	ctx, cancel := background()
	defer cancel()
	got := map[int32][]*kgo.Record{}
	for seen := 0; seen < count; {
		fetches := cl.PollFetches(ctx)
		if err := fetches.Err0(); err != nil {
			return nil, err
		}
		for _, failed := range fetches.Errors() {
			return nil, failed.Err
		}
		fetches.EachRecord(func(r *kgo.Record) {
			got[r.Partition] = append(got[r.Partition], r)
			seen++
		})
	}
	return got, nil
}

func (c *client) readFrom(topic string, start int64, count int, options ...kgo.Opt) ([]*kgo.Record, error) {
	got, err := c.read(map[int32]int64{0: start}, topic, count, options...)
	if err != nil {
		return nil, err
	}
	return got[0][:min(count, len(got[0]))], nil
}

func (c *client) bounds(topic string) (int64, int64, error) {
	ctx, cancel := background()
	defer cancel()
	starts, err := c.admin.ListStartOffsets(ctx, topic)
	if err != nil {
		return 0, 0, err
	}
	ends, err := c.admin.ListEndOffsets(ctx, topic)
	if err != nil {
		return 0, 0, err
	}
	start, _ := starts.Lookup(topic, 0)
	end, _ := ends.Lookup(topic, 0)
	return start.Offset, end.Offset, errors.Join(start.Err, end.Err)
}

// code is Kafka's number of an error, or an error that has none.
func code(err error) (int16, error) {
	var known *kerr.Error
	if errors.As(err, &known) {
		return known.Code, nil
	}
	return 0, fmt.Errorf("no error of Kafka's: %w", err)
}

// member is a consumer in a group that polls by itself.
type member struct {
	cl       *kgo.Client
	done     chan struct{}
	end      context.CancelFunc
	mutex    sync.Mutex
	assigned map[int32]bool
}

func (c *client) member(topic string, options ...kgo.Opt) (*member, error) {
	m := &member{done: make(chan struct{}), assigned: map[int32]bool{}}
	changed := func(is bool) func(context.Context, *kgo.Client, map[string][]int32) {
		return func(_ context.Context, _ *kgo.Client, topics map[string][]int32) {
			m.mutex.Lock()
			defer m.mutex.Unlock()
			for _, partition := range topics[topic] {
				m.assigned[partition] = is
			}
		}
	}
	options = append([]kgo.Opt{
		kgo.SeedBrokers(c.bootstrap),
		kgo.ConsumerGroup(topic),
		kgo.ConsumeTopics(topic),
		kgo.HeartbeatInterval(300 * time.Millisecond),
		kgo.MetadataMinAge(50 * time.Millisecond),
		kgo.OnPartitionsAssigned(changed(true)),
		kgo.OnPartitionsRevoked(changed(false)),
		kgo.OnPartitionsLost(changed(false)),
	}, options...)
	cl, err := kgo.NewClient(options...)
	if err != nil {
		return nil, err
	}
	ctx, end := context.WithCancel(context.Background())
	m.cl, m.end = cl, end
	go func() {
		defer close(m.done)
		for ctx.Err() == nil {
			cl.PollFetches(ctx)
		}
	}()
	return m, nil
}

func (m *member) partitions() []int32 {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	var all []int32
	for partition, is := range m.assigned {
		if is {
			all = append(all, partition)
		}
	}
	slices.Sort(all)
	return all
}

func (m *member) close() {
	m.end()
	<-m.done
	m.cl.Close()
}
