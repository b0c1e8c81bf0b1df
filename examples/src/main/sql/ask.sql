SELECT value AS line,
       octavo_score('examples/target/model/model', value).perplexity AS perplexity,
       octavo_generate('examples/target/model/model', value, maxTokens => 48, failOnError => false).response AS next
FROM text.`examples/target/text/org/apache/spark/SparkContext.scala`
WHERE length(trim(value)) BETWEEN 20 AND 60 AND octavo_score('examples/target/model/model', value).perplexity < 4
ORDER BY perplexity LIMIT 8;
