# driver/proto
