import{r as a,s as b}from"./chunk-DOU2I4IB.js";export{a as Under,b as createViewer};
