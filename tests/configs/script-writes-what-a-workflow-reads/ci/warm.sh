docker buildx build --cache-to type=registry,ref=r.example.com/o/web:cache,mode=max .
